/** What the closure of `transaction()` is given (`spec/kv` §5.1). Its operations are those of `ctx.storage`, which take part in the
 * transaction as well. */
import type { AsyncKvStorage } from "../kv/async-kv-storage.js";
import type { GetOptions, PutOptions } from "../kv/kv-arguments.js";
import type { ListOptions } from "../kv/list-options.js";
import { alreadyCommitted, NO_DELETE_ALL_IN_TRANSACTION, OUTER_ROLLBACK, rolledBack } from "../messages.js";
import type { AlarmOptions, AlarmStorage } from "../metadata/alarm-storage.js";
import type { Level, Transaction } from "../transaction/transaction.js";
import { settled, settledSooner } from "./settled.js";

/** The class name in messages. */
export const TRANSACTION_OWNER = "DurableObjectTransaction";

export interface DurableObjectTransactionParts {
  readonly level: Level;
  readonly transaction: Transaction;
  readonly pairs: AsyncKvStorage;
  readonly alarms: AlarmStorage;
}

export class DurableObjectTransaction {
  readonly #parts: DurableObjectTransactionParts;

  /** Made by `transaction()` only. */
  constructor(parts: DurableObjectTransactionParts) {
    this.#parts = parts;
  }

  /** As `ctx.storage.get`. @throws Error, as a rejection, after the transaction's end */
  get<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>;
  get<T = unknown>(keys: string[], options?: GetOptions): Promise<Map<string, T>>;
  get(...args: unknown[]): Promise<unknown> {
    return settled(() => this.#open("get").pairs.get(args));
  }

  /** As `ctx.storage.put`. @throws Error, as a rejection, after the transaction's end */
  put<T>(key: string, value: T, options?: PutOptions): Promise<void>;
  put<T>(entries: Record<string, T>, options?: PutOptions): Promise<void>;
  put(...args: unknown[]): Promise<void> {
    return settled(() => this.#open("put").pairs.put(args));
  }

  /** As `ctx.storage.delete`. @throws Error after the transaction's end */
  delete(key: string, options?: PutOptions): Promise<boolean>;
  delete(keys: string[], options?: PutOptions): Promise<number>;
  delete(...args: unknown[]): Promise<boolean | number> {
    const deleted = this.#open("delete").pairs.delete(args);
    return settled(() => deleted);
  }

  /** As `ctx.storage.list`. @throws Error, as a rejection, after the transaction's end */
  list<T = unknown>(options?: ListOptions): Promise<Map<string, T>> {
    return settled(() => this.#open("list").pairs.list(options) as Map<string, T>);
  }

  /** As `ctx.storage.getAlarm`. @throws Error, as a rejection, after the transaction's end */
  getAlarm(...args: [options?: AlarmOptions]): Promise<number | null> {
    return settledSooner(() => this.#open("getAlarm").alarms.getAlarm(args));
  }

  /** As `ctx.storage.setAlarm`. @throws Error, as a rejection, after the transaction's end */
  setAlarm(...args: [scheduledTime: number | Date, options?: AlarmOptions]): Promise<void> {
    return settled(() => this.#open("setAlarm").alarms.setAlarm(args));
  }

  /** As `ctx.storage.deleteAlarm`. @throws Error, as a rejection, after the transaction's end */
  deleteAlarm(...args: [options?: AlarmOptions]): Promise<void> {
    return settled(() => this.#open("deleteAlarm").alarms.deleteAlarm(args));
  }

  /** Undoes the transaction at once; the closure goes on, and what it returns is still delivered. May be repeated.
   * @throws Error after a commit, and while a transaction inside this one is open */
  rollback(): void {
    const { level, transaction } = this.#parts;
    if (level.status === "rolled back") return;
    this.#open("rollback");
    if (transaction.hasInner(level) || transaction.isInSync) throw new Error(OUTER_ROLLBACK);
    transaction.rollback(level);
  }

  /** @throws Error always */
  deleteAll(): never {
    throw new Error(NO_DELETE_ALL_IN_TRANSACTION);
  }

  get [Symbol.toStringTag](): string {
    return TRANSACTION_OWNER;
  }

  /** The parts, while the transaction is open. */
  #open(method: string): DurableObjectTransactionParts {
    const { status } = this.#parts.level;
    if (status === "rolled back") throw rolledBack(method);
    if (status === "committed") throw alreadyCommitted(method);
    return this.#parts;
  }
}
