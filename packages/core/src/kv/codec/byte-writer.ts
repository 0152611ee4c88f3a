import { TOO_BIG } from "../../messages.js";

/** Space of the last writer that finished: most values are small, and making it anew costs more than writing them. */
let spare: Uint8Array | undefined;
const LARGEST_SPARE = 64 * 1024;
const EMPTY = new Uint8Array(0);

/** Grows a byte array; numbers little-endian, counts as varints. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView | undefined;
  #length = 0;

  readonly #most: number;

  /** @param most bytes that may be written; absent: any number */
  constructor(most: number = Number.POSITIVE_INFINITY) {
    this.#most = most;
    this.#bytes = spare ?? new Uint8Array(256);
    spare = undefined; // writers can be nested: a getter of the value may store something itself
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** Signed, zigzag: 0 -1 1 -2 … as 0 1 2 3 … */
  zigzag(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  double(value: number): void {
    this.#room(8);
    this.#dataView().setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  latin1(text: string): void {
    this.#room(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length + i] = text.charCodeAt(i);
    this.#length += text.length;
  }

  utf16(text: string): void {
    this.#room(text.length * 2);
    const view = this.#dataView();
    for (let i = 0; i < text.length; i++) view.setUint16(this.#length + i * 2, text.charCodeAt(i), true);
    this.#length += text.length * 2;
  }

  /** The bytes so far, copied. Nothing can be written afterwards. */
  finish(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    if (this.#bytes.length <= LARGEST_SPARE) spare = this.#bytes;
    this.#bytes = EMPTY;
    return bytes;
  }

  #dataView(): DataView {
    this.#view ??= new DataView(this.#bytes.buffer);
    return this.#view;
  }

  #room(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    if (needed > this.#most) throw new Error(TOO_BIG); // before there is a place for it
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = undefined;
  }
}
