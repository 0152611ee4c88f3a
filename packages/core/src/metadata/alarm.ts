/** metadata/alarm.ts
 * An object's alarm as its storage sees it (`spec/runtime` §7.1, §7.3).
 *
 * The stored value is the truth: it commits, rolls back and restores with everything else, and whoever runs alarms asks here when one falls
 * due. While a run lasts the alarm that it runs for counts as gone, unless it is set anew; what is stored stays until the run succeeded. */
import type { Transaction, WriteOptions } from "../transaction/transaction.js";
import type { MetadataTable } from "./metadata-table.js";

export interface AlarmParts {
  readonly metadata: MetadataTable;
  readonly transaction: Transaction;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What others see of an object's alarm, whichever kind its storage is. */
export type ObjectAlarm = Pick<Alarm, "get" | "set" | "stored" | "nameObject" | "storedName" | "beginRun" | "endRun">;

export class Alarm {
  readonly #parts: AlarmParts;
  /** The alarm that is being run for, until somebody sets or deletes the alarm and commits that. */
  #running: number | undefined;
  /** What the object is called, stored with its alarm. */
  #name: string | undefined;

  constructor(parts: AlarmParts) {
    this.#parts = parts;
  }

  /** What the application is told. */
  get(): number | null {
    const { metadata, transaction } = this.#parts;
    transaction.willRead();
    return this.#running !== undefined && transaction.saidAlarm === undefined ? null : metadata.alarm;
  }

  /** Sets the alarm; `null` deletes it. A time that has passed counts as now. */
  set(time: number | null, options: WriteOptions): void {
    const { metadata, transaction, now } = this.#parts;
    const alarm = time === null ? null : Math.max(Math.trunc(time), now());
    if (alarm === null && metadata.alarm === null && this.#running === undefined) return; // nothing to write
    transaction.willWrite(options);
    if (alarm !== null && this.#name !== undefined) metadata.setName(this.#name, options);
    metadata.setAlarm(alarm, options);
    transaction.sayAlarm(alarm, options);
  }

  /** Puts a value back that everything was deleted around. The one that is being run is being run still. */
  restore(time: number, options: WriteOptions): void {
    const { metadata, transaction } = this.#parts;
    metadata.setAlarm(time, options);
    if (this.#name !== undefined) metadata.setName(this.#name, options);
    if (time !== this.#running) transaction.sayAlarm(time, options);
  }

  /** The stored value, whatever is being run. */
  get stored(): number | null {
    return this.#parts.metadata.alarm;
  }

  /** To be told the object's name before its constructor runs. */
  nameObject(name: string): void {
    this.#name = name;
  }

  /** The name that was stored with an alarm. */
  get storedName(): string | undefined {
    return this.#parts.metadata.name;
  }

  /** To be told that the alarm of this time is being run from now on. */
  beginRun(time: number): void {
    this.#running = time;
  }

  /** To be told of each commit that set the alarm: it is not the one that is being run any more. */
  committed(): void {
    this.#running = undefined;
  }

  /** Ends a run: whether the alarm that it was for still stands. */
  endRun(): boolean {
    const stands = this.#running !== undefined;
    this.#running = undefined;
    return stands;
  }
}
