/** kv/value-cache.ts
 * Values of keys that were read or written lately, as they are stored. Only the key-value interfaces write to their table, so what is
 * remembered stays right until something is rolled back. What came first goes first, beyond a number of bytes. */

/** For one object. */
const MAX_BYTES = 64 * 1024;
/** Larger values are worth asking the database for. */
const MAX_VALUE = 4 * 1024;
/** What an entry takes beside its value, about. */
const ENTRY_BYTES = 128;

export class ValueCache {
  readonly #values = new Map<string, Uint8Array | null>();
  #bytes = 0;
  /** Of the transaction, when the values were right. */
  #generation = 0;

  /** `null`: there is no such key; `undefined`: not known. Each value is the cache's own: do not change it. */
  get(key: string, generation: number): Uint8Array | null | undefined {
    if (generation !== this.#generation) this.#clear(generation);
    return this.#values.get(key);
  }

  set(key: string, value: Uint8Array | null, generation: number): void {
    if (generation !== this.#generation) this.#clear(generation);
    const before = this.#values.get(key);
    if (before !== undefined) this.#bytes -= size(before);
    if (value && value.length > MAX_VALUE) {
      this.#values.delete(key);
      return;
    }
    this.#values.set(key, value);
    this.#bytes += size(value);
    if (this.#bytes > MAX_BYTES) this.#shrink();
  }

  #shrink(): void {
    for (const [oldest, value] of this.#values) {
      this.#values.delete(oldest);
      this.#bytes -= size(value);
      if (this.#bytes <= MAX_BYTES) return;
    }
  }

  #clear(generation: number): void {
    this.#values.clear();
    this.#bytes = 0;
    this.#generation = generation;
  }
}

const size = (value: Uint8Array | null): number => ENTRY_BYTES + (value?.length ?? 0);
