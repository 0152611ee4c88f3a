/** One run of an object's alarm handler (`spec/runtime` §7.2, §7.3). */
import type { ObjectAlarm } from "@holdfast/core";
import { AlarmInvocationInfo, type AlarmOutcome } from "./alarm-scheduler.js";

/** `spec/runtime` §7.2: 15 minutes. */
const TIME_LIMIT = 15 * 60 * 1000;

export interface AlarmRunParts {
  now(): number;
  setTimer(task: () => void, ms: number): () => void;
  /** Runs code as an event of the object; settles when what it wrote is durable. */
  call<T>(use: (object: object) => T): Promise<Awaited<T>>;
  alarm(): ObjectAlarm;
  reset(error: unknown): void;
}

/** The stored alarm decides: it may have been cleared, or set for another time, since this run was planned. */
export async function runAlarm(
  { now, setTimer, call, alarm, reset }: AlarmRunParts,
  attempt: { readonly scheduledTime: number; readonly retryCount: number },
): Promise<AlarmOutcome> {
  let isRun = false;
  let cancelLimit: (() => void) | undefined;
  try {
    const later = await call((object) => {
      const { stored } = alarm();
      if (stored === null) return undefined;
      if (stored > now()) return { kind: "later", at: stored } as const;
      const handler = (object as { alarm?: unknown }).alarm;
      alarm().beginRun(stored);
      isRun = true;
      if (typeof handler !== "function") return undefined; // dropped
      cancelLimit = setTimer(() => reset(timeLimitError()), TIME_LIMIT);
      const isRetry = stored === attempt.scheduledTime;
      const info = new AlarmInvocationInfo(stored, isRetry ? attempt.retryCount : 0);
      const result: unknown = Reflect.apply(handler, object, [info]);
      return Promise.resolve(result).then(() => undefined);
    });
    if (later) return later;
    if (isRun) {
      await call(() => {
        if (alarm().endRun()) alarm().set(null, { confirmed: true });
      });
    }
    return { kind: "done" };
  } catch (error) {
    // After a reset another session has the alarm.
    if (isRun) alarm().endRun();
    return { kind: "failed", error };
  } finally {
    cancelLimit?.();
  }
}

function timeLimitError(): Error {
  return Object.assign(new Error("Alarm exceeded its allowed execution time"), { overloaded: true, durableObjectReset: true });
}
