/** Views of a wasm memory. Growing the memory detaches every earlier view, so each use asks for a valid one. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class WasmMemory {
  readonly #memory: WebAssembly.Memory;
  #bytes: Uint8Array;
  #view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#refresh(); // detached; asking the memory for its buffer each time is slower
    return this.#bytes;
  }

  get view(): DataView {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#view;
  }

  pointer(at: number): number {
    return this.view.getUint32(at, true);
  }

  setPointer(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  /** Text up to the next NUL. */
  text(at: number): string {
    const { bytes } = this;
    return decoder.decode(bytes.subarray(at, bytes.indexOf(0, at)));
  }

  #refresh(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }
}
