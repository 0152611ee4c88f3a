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
  /** The alarm that is being run for, until somebody sets or deletes the alarm and that is on its way to the store. */
  #running: number | undefined;

  constructor(parts: LegacyAlarmParts) {
    this.#parts = parts;
    this.#stored = parts.alarm;
  }

  get(): number | null {
    const { failure, saidAlarm } = this.#parts.cache;
    if (failure) throw failure.error;
    return this.#running !== undefined && !saidAlarm ? null : this.#stored;
  }

  set(time: number | null, { confirmed }: { readonly confirmed: boolean }): void {
    const { cache, now } = this.#parts;
    const alarm = time === null ? null : Math.max(Math.trunc(time), now());
    if (alarm === null && this.#stored === null && this.#running === undefined) return; // nothing to write
    cache.writeAlarm(alarm, alarm === null ? undefined : this.#name, confirmed);
    this.#stored = alarm;
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

  committed(): void {
    this.#running = undefined;
  }

  endRun(): boolean {
    const stands = this.#running !== undefined;
    this.#running = undefined;
    return stands;
  }
}
