/** A store whose own code, its timers for instance, is not taken for the object's that uses it. */
import type { KvBatch, KvRange, KvStore } from "../contract/index.js";

type Leave = <T>(use: () => T) => T;

export class OutsideStore implements KvStore {
  readonly #store: KvStore;
  readonly #leave: Leave;

  constructor(store: KvStore, leave: Leave) {
    this.#store = store;
    this.#leave = leave;
  }

  get(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#leave(() => this.#store.get(keys));
  }

  async *list(range: KvRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const pairs = this.#leave(() => this.#store.list(range)[Symbol.asyncIterator]());
    try {
      for (;;) {
        const { done, value } = await this.#leave(() => pairs.next());
        if (done) return;
        yield value;
      }
    } finally {
      await this.#leave(() => pairs.return?.());
    }
  }

  getAlarm(): Promise<number | null> {
    return this.#leave(() => this.#store.getAlarm());
  }

  getName(): Promise<string | undefined> {
    return this.#leave(() => this.#store.getName());
  }

  commit(batch: KvBatch): Promise<void> {
    return this.#leave(() => this.#store.commit(batch));
  }

  deleteAll(): Promise<void> {
    return this.#leave(() => this.#store.deleteAll());
  }

  close(): Promise<void> {
    return this.#leave(() => this.#store.close());
  }
}
