/** The alarm of a legacy object (`spec/runtime` §7.1): as that of others, but what is stored is kept in memory from the start. */
import type { ObjectAlarm } from "../metadata/alarm.js";
import type { WriteBackCache } from "./write-back-cache.js";

export interface LegacyAlarmParts {
  readonly cache: WriteBackCache;
  /** What the store has. */
  readonly alarm: number | null;
  readonly name: string | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
}

export class LegacyAlarm implements ObjectAlarm {
  readonly #parts: LegacyAlarmParts;
  #stored: number | null;
  #name: string | undefined;
  /** The alarm that is being run for, until somebody sets or deletes the alarm: that cannot be undone without the session's end. */
  #running: number | undefined;

  constructor(parts: LegacyAlarmParts) {
    this.#parts = parts;
    this.#stored = parts.alarm;
  }

  get(): number | null {
    const { failure } = this.#parts.cache;
    if (failure) throw failure.error;
    return this.#running !== undefined ? null : this.#stored;
  }

  set(time: number | null, { confirmed }: { readonly confirmed: boolean }): void {
    const { cache } = this.#parts;
    const alarm = this.toStored(time);
    if (alarm === null && this.#stored === null && this.#running === undefined) return; // nothing to write
    cache.writeAlarm(alarm, alarm === null ? undefined : this.#name, confirmed);
    this.#stored = alarm;
    this.#running = undefined;
  }

  /** A time as it is kept: one that has passed means now. */
  toStored(time: number | null): number | null {
    return time === null ? null : Math.max(Math.trunc(time), this.#parts.now());
  }

  get stored(): number | null {
    return this.#stored;
  }

  nameObject(name: string): void {
    this.#name = name;
  }

  get storedName(): string | undefined {
    return this.#parts.name;
  }

  beginRun(time: number): void {
    this.#running = time;
  }

  endRun(): boolean {
    const stands = this.#running !== undefined;
    this.#running = undefined;
    return stands;
  }
}
