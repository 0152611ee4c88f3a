/** kv/async-kv-storage.ts
 * What `ctx.storage.get/put/delete/list` of SQLite-backed objects do (`spec/kv` §1), at once: whoever calls makes settled promises of it, which
 * never end a turn. */

import { decodeWtf8, encodeWtf8 } from "../contract/index.js";
import { notOfType, PUT_FORMS, PUT_UNDEFINED } from "../messages.js";
import { toText } from "../sql/bindings.js";
import type { Transaction } from "../transaction/transaction.js";
import { deserialize } from "./codec/deserialize.js";
import { compareBytes } from "./compare-bytes.js";
import type { KvTable } from "./kv-table.js";
import type { ListGeneration } from "./list-generation.js";
import { checkListOptions, type ListOptions, optionsObject } from "./list-options.js";

export interface GetOptions {
  /** Accepted; without effect on SQLite-backed objects. */
  allowConcurrency?: boolean;
  /** Accepted; without effect on SQLite-backed objects. */
  noCache?: boolean;
}

export interface PutOptions extends GetOptions {
  /** Do not hold back what the object sends until this write is durable. */
  allowUnconfirmed?: boolean;
}

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
    const keys = this.#keys("get", args);
    optionsObject(args[1], "get", this.#parts.owner, 2, "GetOptions");
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
    if (args.length === 0) throw notOfType("put", owner, 1, "string or object");
    const [first, second] = args;
    const isKey = (typeof first !== "object" && typeof first !== "function") || first === null || Array.isArray(first);
    if (isKey) {
      const key = toText(first);
      const options = this.#writeOptions("put", args[2], 3);
      if (second === undefined) throw new TypeError(PUT_UNDEFINED);
      table.put(key, table.encode(second), options);
      return;
    }
    if (second !== undefined && second !== null && typeof second !== "object" && typeof second !== "function") {
      throw new TypeError(PUT_FORMS);
    }
    const options = this.#writeOptions("put", second, 2);
    this.#writeOptions("put", args[2], 3);
    const pairs: [string, Uint8Array][] = [];
    for (const [key, value] of Object.entries(first as object)) {
      if (value !== undefined) pairs.push([key, table.encode(value)]);
    }
    transaction.sync(() => {
      table.create(options);
      for (const [key, value] of pairs) table.put(key, value, options);
    }, options);
  }

  delete(args: readonly unknown[]): boolean | number {
    const keys = this.#keys("delete", args);
    const options = this.#writeOptions("delete", args[1], 2);
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

  #keys(method: string, args: readonly unknown[]): string | string[] {
    if (args.length === 0) throw notOfType(method, this.#parts.owner, 1, "string or Array");
    const [keys] = args;
    return Array.isArray(keys) ? Array.from(keys, toText) : toText(keys);
  }

  #writeOptions(method: string, options: unknown, parameter: number): { readonly confirmed: boolean } {
    const fields = optionsObject(options, method, this.#parts.owner, parameter, "PutOptions");
    return { confirmed: !fields?.["allowUnconfirmed"] };
  }
}
