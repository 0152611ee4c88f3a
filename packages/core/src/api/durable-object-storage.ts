/** `ctx.storage` of SQLite-backed objects. */

import type { Timeline } from "../contract/index.js";
import type { SectionRules } from "../gate/section.js";
import { AsyncKvStorage } from "../kv/async-kv-storage.js";
import type { GetOptions, PutOptions } from "../kv/kv-arguments.js";
import { KvTable } from "../kv/kv-table.js";
import { ListGeneration } from "../kv/list-generation.js";
import { type ListOptions, optionsObject } from "../kv/list-options.js";
import { SyncKvStorage } from "../kv/sync-kv-storage.js";
import { NO_DELETE_ALL_IN_TRANSACTION, notOfType } from "../messages.js";
import type { Alarm } from "../metadata/alarm.js";
import { type AlarmOptions, AlarmStorage } from "../metadata/alarm-storage.js";
import { deleteEverything } from "../metadata/delete-everything.js";
import type { Public } from "../public.js";
import { PointInTimeRecovery } from "../recovery/point-in-time-recovery.js";
import type { OwnStatements } from "../sql/own-statements.js";
import type { SqlPolicy } from "../sql/sql-policy.js";
import { SqlStorage } from "../sql/sql-storage.js";
import type { Connection } from "../transaction/connection.js";
import type { Level, Transaction } from "../transaction/transaction.js";
import { DurableObjectTransaction, TRANSACTION_OWNER } from "./durable-object-transaction.js";
import { quiet, settled, settledSooner } from "./settled.js";
import { transactionClosure } from "./transaction-arguments.js";

/** Without `deleteAll`, which only throws and which the published types do not have. */
export type TransactionOfClosure = Omit<Public<DurableObjectTransaction>, "deleteAll">;

const OWNER = "DurableObjectStorage";

export interface StorageParts {
  /** How far back an object can be restored; 30 days if left out. */
  readonly retentionMs?: number | undefined;
  /** `supports.rowCounts` of the driver. */
  readonly rowCounts: "exact" | "estimated";
  /** `supports.exactText` of the driver. */
  readonly exactText: boolean;
  /** Bytes that a stored value may have. */
  readonly maxValueBytes: number;
  readonly connection: Connection;
  readonly policy: SqlPolicy;
  readonly transaction: Transaction;
  readonly timeline: Timeline;
  readonly statements: OwnStatements;
  readonly alarm: Alarm;
  /** Whether `deleteAll()` deletes the alarm too. */
  readonly deletesAlarm: boolean;
  readonly enhancedErrors: boolean;
  onDeleteAll(): void;
  now(): number;
  /** @throws HoldfastError where nobody runs alarms */
  hasAlarmHandler(): boolean;
  turnTaker(): () => Promise<void>;
  /** Resolves when what has been written so far is committed; in no turn. */
  afterTurn(): Promise<void>;
  /** Runs a critical section. */
  section<T>(body: () => T, rules: SectionRules): Promise<Awaited<T>>;
  /** Whether an error says that the session is over. */
  hasEnded(error: unknown): boolean;
}

export class DurableObjectStorage {
  /** Synchronous key-value storage. */
  readonly kv: Public<SyncKvStorage>;
  /** SQL. */
  readonly sql: Public<SqlStorage>;
  readonly #parts: StorageParts;
  readonly #pairs: AsyncKvStorage;
  readonly #alarms: AlarmStorage;
  readonly #recovery: PointInTimeRecovery;
  /** The same for `transaction()`: messages name another class. */
  readonly #inTransaction: { readonly pairs: AsyncKvStorage; readonly alarms: AlarmStorage };
  #cancelQueries: () => void = () => {};

  /** Made by a session only. */
  constructor(parts: StorageParts) {
    const lists = new ListGeneration();
    const table = new KvTable(parts);
    this.kv = new SyncKvStorage(table, lists);
    this.sql = new SqlStorage({
      ...parts,
      onCanceled: (cancel) => {
        this.#cancelQueries = cancel;
      },
    });
    this.#parts = parts;
    const { alarm, transaction } = parts;
    const hasHandler = () => parts.hasAlarmHandler();
    const interfaces = (owner: string) => ({
      pairs: new AsyncKvStorage({ table, lists, transaction, owner }),
      alarms: new AlarmStorage({ alarm, hasHandler, owner }),
    });
    const { pairs, alarms } = interfaces(OWNER);
    this.#pairs = pairs;
    this.#alarms = alarms;
    this.#inTransaction = interfaces(TRANSACTION_OWNER);
    this.#recovery = new PointInTimeRecovery({
      ...parts,
      now: () => parts.now(),
      turnTaker: () => parts.turnTaker(),
      owner: OWNER,
    });
  }

  /** The value of a key, `undefined` if there is none. */
  get<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>;
  /** The keys that exist, with their values, in ascending order of their UTF-8 bytes. */
  get<T = unknown>(keys: string[], options?: GetOptions): Promise<Map<string, T>>;
  get(...args: unknown[]): Promise<unknown> {
    return this.#settled(() => this.#pairs.get(args));
  }

  /** Stores a structured-cloneable value. The value is copied during the call.
   * @throws as a rejection: TypeError for `undefined`, DOMException `DataCloneError`, Error `string or blob too big: SQLITE_TOOBIG` */
  put<T>(key: string, value: T, options?: PutOptions): Promise<void>;
  /** Stores every own enumerable property whose value is not `undefined`; all or none. */
  put<T>(entries: Record<string, T>, options?: PutOptions): Promise<void>;
  put(...args: unknown[]): Promise<void> {
    return this.#settled(() => this.#pairs.put(args));
  }

  /** Whether the key existed. Failures are thrown, not rejections. */
  delete(key: string, options?: PutOptions): Promise<boolean>;
  /** How many of the keys existed. */
  delete(keys: string[], options?: PutOptions): Promise<number>;
  delete(...args: unknown[]): Promise<boolean | number> {
    const deleted = this.#pairs.delete(args); // what it throws is thrown
    return settled(() => deleted);
  }

  /** Pairs in ascending order of the keys' UTF-8 bytes. */
  list<T = unknown>(options?: ListOptions): Promise<Map<string, T>> {
    return this.#settled(() => this.#pairs.list(options) as Map<string, T>);
  }

  /** Resolves, in a later turn, when every write made before is durable. */
  sync(): Promise<void> {
    return this.#quiet(this.#sync());
  }

  async #sync(): Promise<void> {
    const { transaction, afterTurn } = this.#parts;
    const nextTurn = this.#parts.turnTaker();
    await afterTurn();
    await transaction.flushed();
    await nextTurn();
  }

  /** A settled promise of what is done at once. */
  #settled<T>(work: () => T, settle = settled): Promise<T> {
    const result = settle(work);
    if (this.#parts.transaction.failure()) result.catch(() => undefined); // as `quiet` does
    return result;
  }

  #quiet<T>(result: Promise<T>): Promise<T> {
    return quiet(result, (error) => this.#parts.hasEnded(error));
  }

  /** When the alarm is set for, milliseconds since the epoch; `null` if it is not, and while the handler that it was set for runs. */
  getAlarm(options?: AlarmOptions): Promise<number | null>;
  getAlarm(...args: unknown[]): Promise<number | null> {
    return this.#settled(() => this.#alarms.getAlarm(args), settledSooner);
  }

  /** Sets the alarm, replacing an earlier one. A time that has passed means now.
   * @throws TypeError, as a rejection, for what is no date, a time below 1 or after 2189, and for a class without `alarm()` */
  setAlarm(scheduledTime: number | Date, options?: AlarmOptions): Promise<void>;
  setAlarm(...args: unknown[]): Promise<void> {
    return this.#settled(() => this.#alarms.setAlarm(args));
  }

  /** Deletes the alarm, if it is set. */
  deleteAlarm(options?: AlarmOptions): Promise<void>;
  deleteAlarm(...args: unknown[]): Promise<void> {
    return this.#settled(() => this.#alarms.deleteAlarm(args));
  }

  /** Deletes everything the object has stored, tables included, at once; what the turn wrote before is dropped. Whether an alarm goes too
   * depends on the compatibility date. @throws Error, as a rejection, inside a transaction */
  deleteAll(options?: PutOptions): Promise<void>;
  deleteAll(...args: unknown[]): Promise<void> {
    return this.#settled(() => this.#deleteAll(args));
  }

  #deleteAll(args: readonly unknown[]): void {
    optionsObject(args[0], "deleteAll", OWNER, 1, "PutOptions");
    // parity: deleteAll-in-transaction
    if (this.#parts.transaction.isExplicit) throw new Error(NO_DELETE_ALL_IN_TRANSACTION);
    deleteEverything({ ...this.#parts, cancelQueries: this.#cancelQueries });
    this.#parts.onDeleteAll();
  }

  /** Runs `closure` in a transaction that may last for several turns, nothing else of the object meanwhile (`spec/kv` §5.1). It begins
   * after this turn, and is committed when the closure's promise resolves, undone when it rejects.
   * @throws as a rejection: what the closure throws */
  transaction<T>(closure: (txn: TransactionOfClosure) => T | Promise<T>, options?: object): Promise<T>;
  transaction(...args: unknown[]): Promise<unknown> {
    return this.#quiet(this.#transaction(args));
  }

  async #transaction(args: readonly unknown[]): Promise<unknown> {
    const { transaction, section } = this.#parts;
    const closure = transactionClosure(args, OWNER);
    transaction.willRead();
    let level: Level | undefined;
    const ended = (end: (level: Level) => void) => () => {
      if (level) end(level);
    };
    return section(() => closure(new DurableObjectTransaction({ ...this.#inTransaction, transaction, level: level as Level })), {
      begin: () => {
        level = transaction.begin();
      },
      succeed: ended((one) => transaction.commit(one)),
      fail: ended((one) => transaction.rollback(one)),
      onReset: "reject",
    });
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
