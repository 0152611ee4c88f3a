/** wasm-functions.ts
 * Makes JavaScript functions callable from C: puts them into the module's function table.
 *
 * A table holds wasm functions only, so each JavaScript function goes through a module of one import and one export, generated for its
 * signature. Emscripten's own `addFunction` does the same, but is absent from some builds and knows no 64-bit parameters in others. */

/** Result type first, then the parameters: `i` i32, `j` i64, `v` none. */
export type Signature = `${"i" | "v"}${string}`;

const TYPES: Readonly<Record<string, number>> = { i: 0x7f, j: 0x7e };

export class WasmFunctions {
  readonly #table: WebAssembly.Table;
  readonly #modules = new Map<Signature, WebAssembly.Module>();

  constructor(table: WebAssembly.Table) {
    this.#table = table;
  }

  /** The table index of a new entry that calls `run`. Entries are never removed: install what lives as long as the module. */
  install<A extends readonly unknown[]>(signature: Signature, run: (...args: A) => unknown): number {
    let module = this.#modules.get(signature);
    if (!module) {
      module = new WebAssembly.Module(trampoline(signature));
      this.#modules.set(signature, module);
    }
    const { exports } = new WebAssembly.Instance(module, { e: { f: run as WebAssembly.ImportValue } });
    const index = this.#table.grow(1);
    this.#table.set(index, exports["f"]);
    return index;
  }

  /** The function at an index, to be called from JavaScript. */
  at(index: number): (...args: unknown[]) => number {
    return this.#table.get(index);
  }
}

/** A module that imports `e.f` with a signature and exports it as `f`. */
function trampoline(signature: Signature): Uint8Array<ArrayBuffer> {
  const parameters = [...signature.slice(1)].map((letter) => TYPES[letter] as number);
  const results = signature.startsWith("v") ? [] : [TYPES[signature[0] as string] as number];
  const type = [0x60, parameters.length, ...parameters, results.length, ...results];
  const section = (id: number, content: readonly number[]) => [id, content.length, ...content];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, ...type]),
    ...section(2, [1, 1, 0x65, 1, 0x66, 0x00, 0]),
    ...section(7, [1, 1, 0x66, 0x00, 0]),
  ]);
}
