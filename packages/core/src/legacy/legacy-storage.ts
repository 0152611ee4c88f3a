/** `ctx.storage` of legacy objects: asynchronous key-value storage, alarms and transactions (`spec/kv` §7). */
import { quiet, settled, settledSooner } from "../api/settled.js";
import { transactionClosure } from "../api/transaction-arguments.js";
import type { SectionRules } from "../gate/section.js";
import { writeFlags } from "../kv/kv-arguments.js";
import {
  alreadyCommitted,
  NO_DELETE_ALL_IN_TRANSACTION,
  NO_RECOVERY,
  NO_TRANSACTION_SYNC,
  NOT_A_DATE,
  notOfType,
  rolledBack,
} from "../messages.js";
import { AlarmStorage } from "../metadata/alarm-storage.js";
import type { LegacyAlarm } from "./legacy-alarm.js";
import { type Answer, LegacyKv } from "./legacy-kv.js";
import { LegacyTransaction } from "./legacy-transaction.js";
import { UnavailableSql, UnavailableSyncKv } from "./unavailable.js";
import type { WriteBackCache } from "./write-back-cache.js";

const OWNER = "DurableObjectStorage";
const TRANSACTION_OWNER = "DurableObjectTransaction";

export interface LegacyStorageParts {
  readonly cache: WriteBackCache;
  readonly alarm: LegacyAlarm;
  /** Whether `deleteAll()` deletes the alarm too. */
  readonly deletesAlarm: boolean;
  readonly enhancedErrors: boolean;
  /** @throws HoldfastError where nobody runs alarms */
  hasAlarmHandler(): boolean;
  /** What comes from the store, as an event of the object, with nothing else of it before unless that is allowed. */
  await<T>(result: Promise<T>, allowConcurrency: boolean): Promise<T>;
  /** Resolves, in a later turn, when what has been written so far is durable. */
  sync(): Promise<void>;
  /** Runs a critical section. */
  section<T>(body: () => T, rules: SectionRules): Promise<Awaited<T>>;
}

export class LegacyStorage {
  readonly kv: object = new UnavailableSyncKv();
  readonly sql: object = new UnavailableSql();
  readonly #parts: LegacyStorageParts;
  readonly #pairs: LegacyKv;
  readonly #alarms: AlarmStorage;

  /** Made by a session only. */
  constructor(parts: LegacyStorageParts) {
    this.#parts = parts;
    const { cache, alarm, enhancedErrors } = parts;
    this.#pairs = new LegacyKv({ pairs: cache, owner: OWNER, isMeasured: true, enhancedErrors });
    this.#alarms = new AlarmStorage({ alarm, owner: OWNER, hasHandler: () => parts.hasAlarmHandler() });
  }

  get(...args: unknown[]): Promise<unknown> {
    return this.#answered(() => this.#pairs.get(args));
  }

  list(options?: unknown): Promise<Map<string, unknown>> {
    return this.#answered(() => this.#pairs.list(options));
  }

  put(...args: unknown[]): Promise<void> {
    const { cache } = this.#parts;
    return this.#answered(() => {
      this.#pairs.put(args);
      return { result: cache.isSlow ? cache.flushed() : undefined, allowConcurrency: false };
    });
  }

  /** Failures are thrown, not rejections. */
  delete(...args: unknown[]): Promise<boolean | number> {
    const answer = this.#pairs.delete(args);
    return this.#answered(() => answer);
  }

  /** May fail half way: the object is then reset, and it can be called again. */
  deleteAll(...args: unknown[]): Promise<void> {
    const { cache, alarm, deletesAlarm } = this.#parts;
    return this.#answered(() => {
      const { confirmed } = writeFlags("deleteAll", args[0], 1, OWNER);
      const result = cache.deleteAll(confirmed);
      if (deletesAlarm) alarm.set(null, { confirmed }); // on its way behind the deletion
      return { result, allowConcurrency: false };
    });
  }

  transaction(...args: unknown[]): Promise<unknown> {
    return this.#quiet(this.#transaction(args));
  }

  getAlarm(...args: unknown[]): Promise<number | null> {
    return this.#settled(() => this.#alarms.getAlarm(args), settledSooner);
  }

  setAlarm(...args: unknown[]): Promise<void> {
    return this.#settled(() => this.#alarms.setAlarm(args));
  }

  deleteAlarm(...args: unknown[]): Promise<void> {
    return this.#settled(() => this.#alarms.deleteAlarm(args));
  }

  sync(): Promise<void> {
    return this.#quiet(this.#parts.sync());
  }

  transactionSync(callback: unknown): never {
    if (typeof callback !== "function") throw notOfType("transactionSync", OWNER, 1, "function");
    throw new Error(NO_TRANSACTION_SYNC);
  }

  async getCurrentBookmark(): Promise<never> {
    throw new Error(NO_RECOVERY);
  }

  async getBookmarkForTime(timestamp?: unknown): Promise<never> {
    if (typeof timestamp !== "number" && !(timestamp instanceof Date)) throw notOfType("getBookmarkForTime", OWNER, 1, "date");
    if (Number.isNaN(Number(timestamp))) throw new TypeError(NOT_A_DATE);
    throw new Error(NO_RECOVERY);
  }

  async onNextSessionRestoreBookmark(...args: unknown[]): Promise<never> {
    if (args.length === 0) throw notOfType("onNextSessionRestoreBookmark", OWNER, 1, "string");
    throw new Error(NO_RECOVERY);
  }

  get [Symbol.toStringTag](): string {
    return OWNER;
  }

  /** What is in memory a few microtasks later, what the store has to be asked for as an event. */
  #answered<T>(ask: () => Answer<T>): Promise<T> {
    let answer: Answer<T>;
    try {
      answer = ask();
    } catch (error) {
      return this.#settled<T>(() => {
        throw error;
      });
    }
    const { result, allowConcurrency } = answer;
    if (!(result instanceof Promise)) return this.#settled(() => result);
    return this.#quiet(this.#parts.await(result, allowConcurrency));
  }

  /** A settled promise of what is done at once. */
  #settled<T>(work: () => T, settle = settled): Promise<T> {
    const result = settle(work);
    if (this.#parts.cache.failure) result.catch(() => undefined); // as `quiet` does
    return result;
  }

  #quiet<T>(result: Promise<T>): Promise<T> {
    return quiet(result, (error) => error === this.#parts.cache.failure?.error);
  }

  async #transaction(args: readonly unknown[]): Promise<unknown> {
    const { section, cache, alarm, hasAlarmHandler } = this.#parts;
    const closure = transactionClosure(args, OWNER);
    if (cache.failure) throw cache.failure.error;
    const transaction = new LegacyTransaction(cache, alarm);
    const { enhancedErrors } = this.#parts;
    const txn = new TransactionOfClosure({
      transaction,
      pairs: new LegacyKv({ pairs: transaction, owner: TRANSACTION_OWNER, isMeasured: false, enhancedErrors }),
      alarms: new AlarmStorage({ alarm: transaction.alarm, owner: TRANSACTION_OWNER, hasHandler: hasAlarmHandler }),
      answered: (ask) => this.#answered(ask),
      settled: (work, settle) => this.#settled(work, settle),
    });
    return section(() => closure(txn), {
      succeed: () => transaction.commit(),
      fail: () => transaction.rollback(),
      onReset: "reject",
    });
  }
}

interface ClosureParts {
  readonly transaction: LegacyTransaction;
  readonly pairs: LegacyKv;
  readonly alarms: AlarmStorage;
  answered<T>(ask: () => Answer<T>): Promise<T>;
  settled<T>(work: () => T, settle?: typeof settled): Promise<T>;
}

/** What the closure of `transaction()` is given. */
class TransactionOfClosure {
  readonly #parts: ClosureParts;

  constructor(parts: ClosureParts) {
    this.#parts = parts;
  }

  get(...args: unknown[]): Promise<unknown> {
    return this.#parts.answered(() => this.#open("get").pairs.get(args));
  }

  list(options?: unknown): Promise<Map<string, unknown>> {
    return this.#parts.answered(() => this.#open("list").pairs.list(options));
  }

  put(...args: unknown[]): Promise<void> {
    return this.#parts.settled(() => this.#open("put").pairs.put(args));
  }

  delete(...args: unknown[]): Promise<boolean | number> {
    const answer = this.#open("delete").pairs.delete(args);
    return this.#parts.answered(() => answer);
  }

  deleteAll(): never {
    throw new Error(NO_DELETE_ALL_IN_TRANSACTION);
  }

  rollback(): void {
    const { transaction } = this.#parts;
    if (transaction.status === "committed") throw alreadyCommitted("rollback");
    transaction.rollback();
  }

  getAlarm(...args: unknown[]): Promise<number | null> {
    return this.#parts.settled(() => this.#open("getAlarm").alarms.getAlarm(args), settledSooner);
  }

  setAlarm(...args: unknown[]): Promise<void> {
    return this.#parts.settled(() => this.#open("setAlarm").alarms.setAlarm(args));
  }

  deleteAlarm(...args: unknown[]): Promise<void> {
    return this.#parts.settled(() => this.#open("deleteAlarm").alarms.deleteAlarm(args));
  }

  get [Symbol.toStringTag](): string {
    return TRANSACTION_OWNER;
  }

  /** The parts, while the transaction is open. */
  #open(method: string): ClosureParts {
    const { status } = this.#parts.transaction;
    if (status === "rolled back") throw rolledBack(method);
    if (status === "committed") throw alreadyCommitted(method);
    return this.#parts;
  }
}
