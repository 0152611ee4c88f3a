/** `ctx.storage.kv`: synchronous key-value storage of SQLite-backed objects (`spec/kv` §2). */

import { decodeWtf8 } from "../contract/index.js";
import { ITERATOR_INVALIDATED, notOfType } from "../messages.js";
import { toText } from "../sql/bindings.js";
import { deserialize } from "./codec/deserialize.js";
import type { KeyRange, KvTable, StoredPair } from "./kv-table.js";
import type { ListGeneration } from "./list-generation.js";
import { checkListOptions, type ListOptions } from "./list-options.js";

const OWNER = "SyncKvStorage";
const CONFIRMED = { confirmed: true };

export class SyncKvStorage {
  readonly #table: KvTable;
  readonly #lists: ListGeneration;

  /** Made by the storage object only. */
  constructor(table: KvTable, lists: ListGeneration) {
    this.#table = table;
    this.#lists = lists;
  }

  /** The value, or `undefined`. Each call makes a new copy. */
  get<T = unknown>(...args: [key: string]): T | undefined {
    const bytes = this.#table.get(this.#key("get", args));
    return bytes && (deserialize(bytes) as T);
  }

  /** Stores any structured-cloneable value, `undefined` included.
   * @throws DOMException `DataCloneError`; Error `string or blob too big: SQLITE_TOOBIG` */
  put(...args: [key: string, value: unknown]): void {
    const key = this.#key("put", args);
    if (args.length < 2) throw notOfType("put", OWNER, 2, "Value");
    this.#table.put(key, this.#table.encode(args[1]), CONFIRMED);
  }

  /** Whether the key existed. */
  delete(...args: [key: string]): boolean {
    return this.#table.delete(this.#key("delete", args), CONFIRMED);
  }

  /** A live iterator over pairs in ascending order of the keys' UTF-8 bytes. It reads each pair when asked for it, and ends with an
   * error when another list is started; without one when `deleteAll()` comes between (parity: kv-iter-deleted). Leaving a loop early does not close it.
   * @throws TypeError for bad options */
  list<T = unknown>(options?: ListOptions): Iterable<[string, T]> {
    const { range, limit } = checkListOptions(options, OWNER);
    const iterator = new ListIterator<T>(this.#table, this.#lists, range, limit);
    return iterator as unknown as Iterable<[string, T]>;
  }

  get [Symbol.toStringTag](): string {
    return OWNER;
  }

  #key(method: string, args: readonly unknown[]): string {
    if (args.length === 0) throw notOfType(method, OWNER, 1, "string");
    return toText(args[0]);
  }
}

const IteratorPrototype: object = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/** Finds each pair by the key of the one before, so that writes, commits and rollbacks in between never disturb it and no key comes
 * twice (parity: kv-iter-repeats, kv/iter-rollback-during). */
class ListIterator<T> {
  readonly #table: KvTable;
  readonly #lists: ListGeneration;
  readonly #generation: number;
  #range: KeyRange | undefined;
  #left: number;
  /** The first pair is read when the list is made, later ones when they are asked for. */
  #next: StoredPair | undefined;

  static {
    Object.setPrototypeOf(ListIterator.prototype, IteratorPrototype);
  }

  constructor(table: KvTable, lists: ListGeneration, range: KeyRange | undefined, limit: number | undefined) {
    this.#table = table;
    this.#lists = lists;
    this.#generation = range ? lists.start() : lists.current;
    this.#range = range;
    this.#left = limit ?? Number.POSITIVE_INFINITY;
    this.#next = range && table.first(range);
    if (!this.#next) this.#range = undefined;
  }

  next(): IteratorResult<[string, T], undefined> {
    const range = this.#range;
    if (!range) return { done: true, value: undefined };
    if (this.#generation !== this.#lists.current) throw new Error(ITERATOR_INVALIDATED);
    const pair = this.#left > 0 ? (this.#next ?? this.#table.first(range)) : undefined;
    this.#next = undefined;
    if (!pair) {
      this.#range = undefined;
      return { done: true, value: undefined };
    }
    this.#left -= 1;
    this.#range = range.reverse ? { ...range, end: pair[0] } : { ...range, start: pair[0], afterStart: true };
    return { done: false, value: [decodeWtf8(pair[0]), deserialize(pair[1]) as T] };
  }

  [Symbol.iterator](): this {
    return this;
  }

  get [Symbol.toStringTag](): string {
    return "ListIterator";
  }
}
