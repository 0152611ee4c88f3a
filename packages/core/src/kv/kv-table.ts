/** kv/kv-table.ts
 * The hidden table behind both key-value interfaces of SQLite-backed objects (`spec/kv` §2.1).
 *
 * Keys are TEXT holding WTF-8 bytes and order by unsigned byte. On engines that cannot bind lone surrogates they travel as blobs and are cast,
 * so that the same bytes are stored, and so do the bounds of ranges, which may be no text. The table appears with the first write or delete,
 * as on the platform, because its presence shows in `databaseSize` and `sqlite_master`. */

import { encodeWtf8, type SqlValue } from "../contract/index.js";
import type { OwnStatements } from "../sql/own-statements.js";
import type { Transaction } from "../transaction/transaction.js";
import { serialize } from "./codec/serialize.js";
import { ValueCache } from "./value-cache.js";

/** Bytes of keys; absent means unbounded. */
export interface KeyRange {
  readonly start?: Uint8Array;
  /** Leaves `start` itself out. */
  readonly afterStart?: boolean;
  readonly end?: Uint8Array;
  readonly reverse: boolean;
}

export type StoredPair = readonly [key: Uint8Array, value: Uint8Array];

export interface KvTableParts {
  readonly statements: OwnStatements;
  readonly transaction: Transaction;
  /** `supports.exactText` of the driver. */
  readonly exactText: boolean;
  readonly maxValueBytes: number;
  /** Whether stored errors keep their own properties and names. */
  readonly enhancedErrors: boolean;
}

/** To the letter: `sqlite_master` shows it (case `hidden/sqlite-master-after-put`). */
const CREATE = "CREATE TABLE _cf_KV (\n        key TEXT PRIMARY KEY,\n        value BLOB\n      ) WITHOUT ROWID";

export class KvTable {
  readonly #parts: KvTableParts;
  readonly #sql: { readonly get: string; readonly put: string; readonly delete: string };
  readonly #cache = new ValueCache();
  #known: { readonly rollbacks: number; readonly exists: boolean } | undefined;

  constructor(parts: KvTableParts) {
    this.#parts = parts;
    const key = parts.exactText ? "?1" : "CAST(?1 AS TEXT)";
    this.#sql = {
      get: `SELECT value FROM _cf_KV WHERE key = ${key}`,
      put: `INSERT OR REPLACE INTO _cf_KV (key, value) VALUES (${key}, ?2)`,
      delete: `DELETE FROM _cf_KV WHERE key = ${key} RETURNING 1`,
    };
  }

  /** Bytes that a value may have. */
  /** A value's stored bytes. @throws as `serialize` */
  encode(value: unknown): Uint8Array {
    return serialize(value, this.#parts.maxValueBytes, this.#parts.enhancedErrors);
  }

  get(key: string): Uint8Array | undefined {
    const { transaction, statements } = this.#parts;
    transaction.willRead();
    const known = this.#cache.get(key, transaction.rollbacks);
    if (known !== undefined) return known ?? undefined;
    if (!this.exists) return undefined;
    const row = statements.first(this.#sql.get, [this.#bound(key)]);
    const value = row ? toBytes(row[0]) : undefined;
    this.#cache.set(key, value ?? null, transaction.rollbacks);
    return value;
  }

  put(key: string, value: Uint8Array, options: { readonly confirmed: boolean }): void {
    this.#willWrite(options);
    this.#parts.statements.first(this.#sql.put, [this.#bound(key), value]);
    this.#cache.set(key, value, this.#parts.transaction.rollbacks);
  }

  /** Whether the key existed. */
  delete(key: string, options: { readonly confirmed: boolean }): boolean {
    this.#willWrite(options);
    const existed = this.#parts.statements.first(this.#sql.delete, [this.#bound(key)]) !== undefined;
    this.#cache.set(key, null, this.#parts.transaction.rollbacks);
    return existed;
  }

  #bound(key: string): SqlValue {
    return this.#parts.exactText ? key : encodeWtf8(key);
  }

  /** The first pair of a range, in the range's direction. */
  first(range: KeyRange): StoredPair | undefined {
    this.#parts.transaction.willRead();
    if (!this.exists) return undefined;
    const row = this.#parts.statements.first(`${selectRange("CAST(key AS BLOB)", range)} LIMIT 1`, bounds(range));
    return row && toPair(row);
  }

  /** Tells of at most `limit` pairs of a range, in its direction. `onPair` must not run code of the application, nor keep a value. */
  list(range: KeyRange, limit: number | undefined, onPair: (key: string, value: Uint8Array) => void): void {
    this.#parts.transaction.willRead();
    if (!this.exists) return;
    let count = 0;
    this.#parts.statements.run(selectRange("key", range), bounds(range), (row) => {
      onPair(String(row[0]), toBytes(row[1]));
      count += 1;
      return limit === undefined || count < limit;
    });
  }

  /** Makes the table if it is not there, as every write does. */
  create(options: { readonly confirmed: boolean }): void {
    this.#willWrite(options);
  }

  get exists(): boolean {
    const { rollbacks } = this.#parts.transaction;
    if (this.#known?.exists !== true || this.#known.rollbacks !== rollbacks) {
      this.#known = { rollbacks, exists: this.#parts.statements.tableExists("_cf_KV") };
    }
    return this.#known.exists;
  }

  #willWrite(options: { readonly confirmed: boolean }): void {
    this.#parts.transaction.willWrite(options);
    if (this.exists) return;
    this.#parts.statements.first(CREATE, []);
    this.#known = undefined;
  }
}

function selectRange(key: string, range: KeyRange): string {
  const conditions: string[] = [];
  if (range.start) conditions.push(`key ${range.afterStart ? ">" : ">="} CAST(?1 AS TEXT)`);
  if (range.end) conditions.push(`key < CAST(?${range.start ? 2 : 1} AS TEXT)`);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")} ` : "";
  return `SELECT ${key}, value FROM _cf_KV ${where}ORDER BY key${range.reverse ? " DESC" : ""}`;
}

function bounds(range: KeyRange): Uint8Array[] {
  return [range.start, range.end].filter((bound) => bound !== undefined);
}

function toPair(row: readonly SqlValue[]): StoredPair {
  return [toBytes(row[0]), toBytes(row[1])];
}

function toBytes(value: SqlValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error("a stored key or value is not a blob");
}
