/** legacy/legacy-kv.ts
 * What `get`, `put`, `delete` and `list` of legacy objects do (`spec/kv` §1), over what knows pairs: the cache, or a transaction over it. What is in
 * memory is told at once, everything else as a promise. */
import { decodeWtf8, encodeWtf8 } from "../contract/index.js";
import { deserialize } from "../kv/codec/deserialize.js";
import { serialize } from "../kv/codec/serialize.js";
import { deleteArguments, getArguments, putArguments, type ReadFlags, readFlags, type WriteFlags } from "../kv/kv-arguments.js";
import type { KeyRange } from "../kv/kv-table.js";
import { checkListOptions, optionsObject } from "../kv/list-options.js";
import { keyTooLarge, tooManyKeys, valueTooLarge } from "../messages.js";
import { fromByteText, toByteText } from "./byte-text.js";
import type { Pair } from "./merge-ranges.js";
import type { Value } from "./write-batch.js";

/** `spec/kv` §1.8 */
const MOST_KEYS = 128;
const MOST_KEY_BYTES = 2048;
const MOST_VALUE_BYTES = 131_072 + 34;

/** Who knows pairs. */
export interface Pairs {
  get(keys: readonly string[], noCache: boolean): Value[] | Promise<Value[]>;
  list(range: KeyRange, limit: number | undefined, noCache: boolean): Pair[] | Promise<Pair[]>;
  /** Whether the key was written by what these pairs are of, however long it is. */
  hasWritten?(key: string): boolean;
  write(pairs: Iterable<readonly [string, Value]>, flags: Pick<WriteFlags, "confirmed" | "noCache">): void;
}

export interface LegacyKvParts {
  readonly pairs: Pairs;
  /** The class name in messages. */
  readonly owner: string;
  /** Whether keys and values are measured when they are put: not in transactions. */
  readonly isMeasured: boolean;
  readonly enhancedErrors: boolean;
}

/** Something that is there, or will be, and what becomes of it. */
export interface Answer<T> {
  readonly result: T | Promise<T>;
  readonly allowConcurrency: boolean;
}

export class LegacyKv {
  readonly #parts: LegacyKvParts;

  constructor(parts: LegacyKvParts) {
    this.#parts = parts;
  }

  /** @throws TypeError, RangeError */
  get(args: readonly unknown[]): Answer<unknown> {
    const { owner, pairs } = this.#parts;
    const { keys, options } = getArguments(args, owner);
    if (!Array.isArray(keys)) {
      const key = this.#measured(keys);
      const result = then(pairs.get([key], options.noCache), ([value]) => (value ? deserialize(value) : undefined));
      return { result, allowConcurrency: options.allowConcurrency };
    }
    if (keys.length > MOST_KEYS) throw tooManyKeys(keys.length);
    const ordered = [...new Set(keys.map((key) => toByteText(encodeWtf8(key))))].sort(inByteOrder);
    const result = then(pairs.get(ordered, options.noCache), (values) =>
      toMap(ordered.flatMap((key, i): Pair[] => (values[i] ? [[key, values[i]]] : []))),
    );
    return { result, allowConcurrency: options.allowConcurrency };
  }

  /** @throws TypeError, RangeError, DOMException `DataCloneError`; nothing is written then */
  put(args: readonly unknown[]): void {
    const { owner, pairs, enhancedErrors } = this.#parts;
    const put = putArguments(args, owner);
    const entries = put.kind === "pair" ? [[put.key, put.value] as const] : put.entries;
    const serialized = entries.map(([key, value]) => [key, serialize(value, undefined, enhancedErrors)] as const);
    const measured = serialized.map(([key, value]) => [this.#toPut(key), this.#checked(value)] as const);
    pairs.write(measured, put.options);
  }

  /** Whether the key existed, or how many of the keys. @throws TypeError, RangeError */
  delete(args: readonly unknown[]): Answer<boolean | number> {
    const { owner, pairs } = this.#parts;
    const { keys, options } = deleteArguments(args, owner);
    const all = [...new Set((Array.isArray(keys) ? keys : [keys]).map((key) => this.#measured(key)))];
    const before = pairs.get(all, options.noCache);
    pairs.write(
      all.map((key) => [key, null]),
      options,
    );
    const count = then(before, (values) => values.filter((value) => value !== null).length);
    return { result: Array.isArray(keys) ? count : then(count, (one) => one > 0), allowConcurrency: options.allowConcurrency };
  }

  /** @throws TypeError */
  list(options: unknown): Answer<Map<string, unknown>> {
    const { owner, pairs } = this.#parts;
    const { range, limit } = checkListOptions(options, owner);
    const { allowConcurrency, noCache }: ReadFlags = readFlags(optionsObject(options, "list", owner, 1, "ListOptions"));
    const result = range ? then(pairs.list(range, limit, noCache), toMap) : new Map<string, unknown>();
    return { result, allowConcurrency };
  }

  #measured(key: string): string {
    const text = toByteText(encodeWtf8(key));
    if (text.length > MOST_KEY_BYTES && !this.#parts.pairs.hasWritten?.(text)) throw keyTooLarge(text.length);
    return text;
  }

  #toPut(key: string): string {
    return this.#parts.isMeasured ? this.#measured(key) : toByteText(encodeWtf8(key));
  }

  #checked(value: Uint8Array): Uint8Array {
    if (this.#parts.isMeasured && value.length > MOST_VALUE_BYTES) throw valueTooLarge(value.length);
    return value;
  }
}

const inByteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function then<T, R>(result: T | Promise<T>, use: (value: T) => R): R | Promise<R> {
  return result instanceof Promise ? result.then(use) : use(result);
}

function toMap(pairs: readonly Pair[]): Map<string, unknown> {
  return new Map(pairs.map(([key, value]) => [decodeWtf8(fromByteText(key)), deserialize(value)]));
}
