/** `ctx.storage` of SQLite-backed objects. */

import type { Timeline } from "../contract/index.js";
import { AsyncKvStorage, type GetOptions, type PutOptions } from "../kv/async-kv-storage.js";
import { KvTable } from "../kv/kv-table.js";
import { ListGeneration } from "../kv/list-generation.js";
import type { ListOptions } from "../kv/list-options.js";
import { SyncKvStorage } from "../kv/sync-kv-storage.js";
import { notOfType } from "../messages.js";
import { PointInTimeRecovery } from "../recovery/point-in-time-recovery.js";
import type { SqlPolicy } from "../sql/sql-policy.js";
import { SqlStorage } from "../sql/sql-storage.js";
import type { Connection } from "../transaction/connection.js";
import type { Transaction } from "../transaction/transaction.js";

const OWNER = "DurableObjectStorage";

export interface StorageParts {
  /** `supports.rowCounts` of the driver. */
  readonly rowCounts: "exact" | "estimated";
  readonly connection: Connection;
  readonly policy: SqlPolicy;
  readonly transaction: Transaction;
  readonly timeline: Timeline;
  now(): number;
  nextTurn(): Promise<void>;
  /** Whether an error says that the session is over. */
  hasEnded(error: unknown): boolean;
}

export class DurableObjectStorage {
  /** Synchronous key-value storage. */
  readonly kv: SyncKvStorage;
  /** SQL. */
  readonly sql: SqlStorage;
  readonly #parts: StorageParts;
  readonly #pairs: AsyncKvStorage;
  readonly #recovery: PointInTimeRecovery;

  /** Made by a session only. */
  constructor(parts: StorageParts) {
    const lists = new ListGeneration();
    const table = new KvTable(parts);
    this.kv = new SyncKvStorage(table, lists);
    this.sql = new SqlStorage(parts);
    this.#parts = parts;
    this.#pairs = new AsyncKvStorage({ table, lists, transaction: parts.transaction, owner: OWNER });
    this.#recovery = new PointInTimeRecovery({
      ...parts,
      now: () => parts.now(),
      nextTurn: () => parts.nextTurn(),
      owner: OWNER,
    });
  }

  /** The value of a key, `undefined` if there is none. */
  get<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>;
  /** The keys that exist, with their values, in ascending order of their UTF-8 bytes. */
  get<T = unknown>(keys: string[], options?: GetOptions): Promise<Map<string, T>>;
  get(...args: unknown[]): Promise<unknown> {
    return this.#quiet(this.#pairs.get(args));
  }

  /** Stores a structured-cloneable value. The value is copied during the call.
   * @throws as a rejection: TypeError for `undefined`, DOMException `DataCloneError`, Error `string or blob too big: SQLITE_TOOBIG` */
  put<T>(key: string, value: T, options?: PutOptions): Promise<void>;
  /** Stores every own enumerable property whose value is not `undefined`; all or none. */
  put<T>(entries: Record<string, T>, options?: PutOptions): Promise<void>;
  put(...args: unknown[]): Promise<void> {
    return this.#quiet(this.#pairs.put(args));
  }

  /** Whether the key existed. Failures are thrown, not rejections. */
  delete(key: string, options?: PutOptions): Promise<boolean>;
  /** How many of the keys existed. */
  delete(keys: string[], options?: PutOptions): Promise<number>;
  delete(...args: unknown[]): Promise<boolean | number> {
    return this.#pairs.delete(args);
  }

  /** Pairs in ascending order of the keys' UTF-8 bytes. */
  list<T = unknown>(options?: ListOptions): Promise<Map<string, T>> {
    return this.#quiet(this.#pairs.list(options) as Promise<Map<string, T>>);
  }

  /** Resolves, in a later turn, when every write made before is durable. */
  sync(): Promise<void> {
    return this.#quiet(this.#sync());
  }

  async #sync(): Promise<void> {
    const { transaction, nextTurn } = this.#parts;
    await nextTurn();
    await transaction.flushed();
    await nextTurn();
  }

  /** Code that runs on after its session has ended is nobody's any more (`spec/runtime` §4.3). A promise that fails for that reason alone
   * must not end the process when nobody awaits it, as an unhandled rejection would. */
  #quiet<T>(result: Promise<T>): Promise<T> {
    const outer = new Promise<T>((resolve, reject) => {
      result.then(resolve, (error) => {
        if (this.#parts.hasEnded(error)) outer.catch(() => undefined);
        reject(error);
      });
    });
    return outer;
  }

  /** Runs `callback` in a transaction; a throw undoes everything since. @throws what `callback` throws */
  transactionSync<T>(callback: () => T): T {
    if (typeof callback !== "function") throw notOfType("transactionSync", OWNER, 1, "function");
    return this.#parts.transaction.sync(callback);
  }

  /** A bookmark for the present moment. */
  getCurrentBookmark(): Promise<string> {
    return this.#quiet(this.#recovery.getCurrentBookmark());
  }

  /** A bookmark for a time within the last 30 days. */
  getBookmarkForTime(timestamp: number | Date): Promise<string> {
    return this.#quiet(this.#recovery.getBookmarkForTime(timestamp));
  }

  /** Makes the next session start from the state at `bookmark`; resolves to the bookmark that undoes it. */
  onNextSessionRestoreBookmark(bookmark: string): Promise<string>;
  onNextSessionRestoreBookmark(...args: unknown[]): Promise<string> {
    return this.#quiet(this.#recovery.onNextSessionRestoreBookmark(args));
  }

  get [Symbol.toStringTag](): string {
    return OWNER;
  }
}
