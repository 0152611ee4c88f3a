/** contract/backend.ts
 * The platform's two storage kinds, as a closed union.
 *
 * Cloudflare has exactly two: classes under `new_sqlite_classes` and classes under `new_classes`. So there is no interface with
 * methods that throw by default; code that needs one kind says so in its type. */
import type { SqliteDriver, SqlLimits } from "./driver.js";
import type { TimelineSource } from "./timeline.js";

export type StorageBackend = SqliteBackend | KvBackend;

/** SQL, both key-value interfaces and point-in-time recovery, on SQLite. */
export interface SqliteBackend {
  readonly kind: "sqlite";
  readonly driver: SqliteDriver;
  readonly timelines: TimelineSource;
  /** Limits of SQLite that differ from the platform's (`spec/sql` §5). */
  readonly limits?: SqlLimits;
  /** Bytes that one object's database may have: a commit beyond fails with SQLITE_FULL. The platform's 10 GB if left out. */
  readonly maxDatabaseBytes?: number;
  /** Bytes of pages that one commit may write: one that would write more fails with SQLITE_FULL. 1 GiB if left out. Engines whose
   * `supports.quota` is `"max_page_count"` do not ask. */
  readonly maxCommitBytes?: number;
  /** How far back `getBookmarkForTime` goes, milliseconds. The platform's 30 days if left out. */
  readonly retentionMs?: number;
}

/** Asynchronous key-value storage only. */
export interface KvBackend {
  readonly kind: "legacy-kv";
  /** Opens one object's pairs, empty if there are none. */
  open(objectId: string): Promise<KvStore>;
  /** Ids of the objects that hold anything, in ascending order. */
  list(prefix?: string): AsyncIterable<string>;
  /** Removes everything an object holds. */
  delete(objectId: string): Promise<void>;
  /** Objects whose alarm is set for a time up to `beforeMs`, earliest first. */
  due(beforeMs: number, limit: number): AsyncIterable<{ readonly id: string; readonly at: number }>;
  close(): Promise<void>;
}

/** One object's pairs. Bytes in, bytes out: the write-back cache, coalescing, limits and error texts belong to core. */
export interface KvStore {
  /** One entry for each key, in the order of `keys`; `undefined` where there is none. */
  get(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /** Pairs in ascending order of the keys' unsigned bytes, or descending. */
  list(range: KvRange): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
  /** Milliseconds since the epoch, or `null`. */
  getAlarm(): Promise<number | null>;
  /** What the object was called when its alarm was set, if it had a name. */
  getName(): Promise<string | undefined>;
  /** Applies the batch, all or nothing, and resolves when it is durable. No key is both put and deleted. */
  commit(batch: KvBatch): Promise<void>;
  /** Deletes every pair; the alarm and the name stay. May fail half way; calling it again finishes the work. */
  deleteAll(): Promise<void>;
  /** Lets go of the object. Reads that are under way need not end. */
  close(): Promise<void>;
}

export interface KvRange {
  /** Smallest key, inclusive. */
  readonly start?: Uint8Array;
  /** Smallest key that is left out above. */
  readonly end?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface KvBatch {
  readonly puts: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly deletes: readonly Uint8Array[];
  /** Absent: unchanged; `null`: none. */
  readonly alarm?: number | null;
  /** Absent: unchanged. */
  readonly name?: string;
}
