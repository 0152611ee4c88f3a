/** What is known of the store, also of keys that are not there. What was used longest ago goes first, beyond a number of bytes (`spec/kv` §4.2). */
import { sizeOf, type Value } from "./write-batch.js";

const MOST_BYTES = 16 << 20;

export class CleanEntries {
  readonly #values = new Map<string, Value>();
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(mostBytes: number = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** `undefined`: not known. */
  get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.delete(key);
    this.#values.set(key, value);
    this.#bytes += sizeOf(key, value);
    for (const [oldest] of this.#values) {
      if (this.#bytes <= this.#mostBytes) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const before = this.#values.get(key);
    if (before === undefined) return;
    this.#values.delete(key);
    this.#bytes -= sizeOf(key, before);
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
  }
}
