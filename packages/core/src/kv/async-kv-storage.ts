/** kv/async-kv-storage.ts
 * What `ctx.storage.get/put/delete/list` of SQLite-backed objects do (`spec/kv` §1), at once: whoever calls makes settled promises of it, which
 * never end a turn. */

import { decodeWtf8, encodeWtf8 } from "../contract/index.js";
import type { Transaction } from "../transaction/transaction.js";
import { deserialize } from "./codec/deserialize.js";
import { compareBytes } from "./compare-bytes.js";
import { deleteArguments, getArguments, putArguments } from "./kv-arguments.js";
import type { KvTable } from "./kv-table.js";
import type { ListGeneration } from "./list-generation.js";
import { checkListOptions, type ListOptions } from "./list-options.js";

export interface AsyncKvParts {
  readonly table: KvTable;
  readonly transaction: Transaction;
  readonly lists: ListGeneration;
  /** The class name in messages. */
  readonly owner: string;
}

export class AsyncKvStorage {
  readonly #parts: AsyncKvParts;

  constructor(parts: AsyncKvParts) {
    this.#parts = parts;
  }

  get(args: readonly unknown[]): unknown {
    const { keys } = getArguments(args, this.#parts.owner);
    const { table } = this.#parts;
    if (!Array.isArray(keys)) {
      const bytes = table.get(keys);
      return bytes && deserialize(bytes);
    }
    const found = new Map<string, unknown>();
    const ordered = keys.map((key) => ({ key, bytes: encodeWtf8(key) })).sort((a, b) => compareBytes(a.bytes, b.bytes));
    for (const { key, bytes: encoded } of ordered) {
      const bytes = table.get(key);
      if (bytes) found.set(decodeWtf8(encoded), deserialize(bytes));
    }
    return found;
  }

  put(args: readonly unknown[]): void {
    const { owner, table, transaction } = this.#parts;
    const put = putArguments(args, owner);
    const { options } = put;
    if (put.kind === "pair") {
      table.put(put.key, table.encode(put.value), options);
      return;
    }
    const pairs = put.entries.map(([key, value]) => [key, table.encode(value)] as const);
    transaction.sync(() => {
      table.create(options);
      for (const [key, value] of pairs) table.put(key, value, options);
    }, options);
  }

  delete(args: readonly unknown[]): boolean | number {
    const { keys, options } = deleteArguments(args, this.#parts.owner);
    const { table } = this.#parts;
    if (!Array.isArray(keys)) return table.delete(keys, options);
    let count = 0;
    for (const key of keys) if (table.delete(key, options)) count += 1;
    return count;
  }

  list(options?: unknown): Map<string, unknown> {
    const { range, limit } = checkListOptions(options as ListOptions | undefined, this.#parts.owner);
    if (!range) return new Map();
    this.#parts.lists.start();
    const found = new Map<string, unknown>();
    this.#parts.table.list(range, limit, (key, value) => found.set(key, deserialize(value)));
    return found;
  }
}
