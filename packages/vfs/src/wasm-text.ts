/** wasm-text.ts
 * Texts on their way between JavaScript and a wasm memory. Most are short and ASCII: for those a loop beats the platform's coders. */
import { decodeAscii, decodeWtf8 } from "@holdfast/core/contract";
import type { WasmMemory } from "./wasm-memory.js";

/** Bytes that a {@link WasmText} needs for itself. */
export const TEXT_BYTES = 8192;

const SHORT = 48;
const encoder = new TextEncoder();

export class WasmText {
  /** Where {@link write} puts a text. */
  readonly at: number;
  readonly #memory: WasmMemory;

  /** `at` is where {@link TEXT_BYTES} bytes of the memory have been set aside. */
  constructor(memory: WasmMemory, at: number) {
    this.#memory = memory;
    this.at = at;
  }

  /** Writes a text there and returns its length in bytes; -1 if it is too long, or has lone surrogates. */
  write(text: string): number {
    const { bytes } = this.#memory;
    const { length } = text;
    if (length <= SHORT) {
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        bytes[this.at + i] = code;
      }
      if (i === length) return length;
    }
    if (length * 3 > TEXT_BYTES || !text.isWellFormed()) return -1;
    return encoder.encodeInto(text, bytes.subarray(this.at, this.at + TEXT_BYTES)).written;
  }

  /** The text in some bytes. */
  read(at: number, length: number): string {
    const { bytes } = this.#memory;
    const short = length <= SHORT ? decodeAscii(bytes, at, at + length) : undefined;
    return short ?? decodeWtf8(bytes.subarray(at, at + length));
  }
}
