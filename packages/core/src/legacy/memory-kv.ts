/** A backend of legacy objects in memory: for tests, and objects that need not outlive the process. */
import type { KvBackend, KvBatch, KvRange, KvStore } from "../contract/index.js";
import { fromByteText, toByteText } from "./byte-text.js";

interface Stored {
  readonly pairs: Map<string, Uint8Array>;
  alarm: number | null;
  name: string | undefined;
}

/** A new, empty backend. */
export function memoryKv(): KvBackend {
  const objects = new Map<string, Stored>();
  return {
    kind: "legacy-kv",
    open: async (objectId) => {
      const stored = objects.get(objectId) ?? { pairs: new Map(), alarm: null, name: undefined };
      objects.set(objectId, stored);
      return new MemoryKvStore(stored);
    },
    list: async function* (prefix = "") {
      for (const [id, stored] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (id.startsWith(prefix) && (stored.pairs.size > 0 || stored.alarm !== null)) yield id;
      }
    },
    delete: async (objectId) => void objects.delete(objectId),
    due: async function* (beforeMs, limit) {
      const due = [...objects].flatMap(([id, { alarm }]) => (alarm !== null && alarm <= beforeMs ? [{ id, at: alarm }] : []));
      yield* due.sort((a, b) => a.at - b.at).slice(0, limit);
    },
    close: async () => {},
  };
}

class MemoryKvStore implements KvStore {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async get(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#stored.pairs.get(toByteText(key)));
  }

  async *list({ start, end, reverse, limit }: KvRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const [from, to] = [start && toByteText(start), end && toByteText(end)];
    const pairs = [...this.#stored.pairs].filter(
      ([key]) => (from === undefined || key >= from) && (to === undefined || key < to),
    );
    pairs.sort(([a], [b]) => (a < b ? -1 : 1));
    if (reverse) pairs.reverse();
    for (const [key, value] of pairs.slice(0, limit)) yield [fromByteText(key), value];
  }

  async getAlarm(): Promise<number | null> {
    return this.#stored.alarm;
  }

  async getName(): Promise<string | undefined> {
    return this.#stored.name;
  }

  async commit({ puts, deletes, alarm, name }: KvBatch): Promise<void> {
    for (const key of deletes) this.#stored.pairs.delete(toByteText(key));
    for (const [key, value] of puts) this.#stored.pairs.set(toByteText(key), value);
    if (alarm !== undefined) this.#stored.alarm = alarm;
    if (name !== undefined) this.#stored.name = name;
  }

  async deleteAll(): Promise<void> {
    this.#stored.pairs.clear();
  }

  async close(): Promise<void> {}
}
