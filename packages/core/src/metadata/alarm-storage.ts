/** What `ctx.storage.getAlarm/setAlarm/deleteAlarm` do (`spec/runtime` §7.1), at once: whoever calls makes promises of it. */
import { optionsObject } from "../kv/list-options.js";
import { ALARM_NOT_POSITIVE, ALARM_TOO_LATE, NO_ALARM_HANDLER, NOT_A_DATE, notOfType } from "../messages.js";
import type { ObjectAlarm } from "./alarm.js";

/** Milliseconds: the last time that fits into 63 bits of nanoseconds. */
const MAX_TIME = 9_223_372_036_854;

export interface AlarmStorageParts {
  readonly alarm: Pick<ObjectAlarm, "get" | "set">;
  /** The class name in messages. */
  readonly owner: string;
  /** Whether alarms can be run at all, and the object has a handler. @throws HoldfastError */
  hasHandler(): boolean;
}

export interface AlarmOptions {
  /** Accepted; without effect on SQLite-backed objects. */
  allowConcurrency?: boolean;
  /** Do not hold back what the object sends until this write is durable. */
  allowUnconfirmed?: boolean;
}

export class AlarmStorage {
  readonly #parts: AlarmStorageParts;

  constructor(parts: AlarmStorageParts) {
    this.#parts = parts;
  }

  getAlarm(args: readonly unknown[]): number | null {
    const { alarm, owner } = this.#parts;
    optionsObject(args[0], "getAlarm", owner, 1, "GetAlarmOptions");
    return alarm.get();
  }

  setAlarm(args: readonly unknown[]): void {
    const { alarm, owner, hasHandler } = this.#parts;
    const [when] = args;
    if (typeof when !== "number" && !(when instanceof Date)) throw notOfType("setAlarm", owner, 1, "date");
    const time = Number(when);
    if (!Number.isFinite(time)) throw new TypeError(NOT_A_DATE);
    const options = this.#writeOptions("setAlarm", args[1], 2);
    if (time > MAX_TIME) throw new TypeError(ALARM_TOO_LATE);
    if (time <= 0) throw new TypeError(ALARM_NOT_POSITIVE);
    if (!hasHandler()) throw new TypeError(NO_ALARM_HANDLER);
    alarm.set(time, options);
  }

  deleteAlarm(args: readonly unknown[]): void {
    const options = this.#writeOptions("deleteAlarm", args[0], 1);
    this.#parts.alarm.set(null, options);
  }

  #writeOptions(method: string, options: unknown, parameter: number): { readonly confirmed: boolean } {
    const fields = optionsObject(options, method, this.#parts.owner, parameter, "SetAlarmOptions");
    return { confirmed: !fields?.["allowUnconfirmed"] };
  }
}
