/** What holdfast takes from the platform: clock, randomness, macrotasks. Everything below gets them from here. */

import { type AsyncContext, ungated } from "@holdfast/host";
import { asyncContext, random, schedule } from "#parts";

export interface Platform {
  /** Milliseconds since the epoch. */
  now(): number;
  random(count: number): Uint8Array;
  /** Queues a macrotask; tasks run in order. */
  schedule(task: () => void): void;
  /** Runs a task later; returns how to cancel it. */
  setTimer(task: () => void, ms: number): () => void;
  /** Makes an async context; absent where there is none. */
  readonly asyncContext?: () => AsyncContext<unknown>;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs a task later; returns how to cancel it. The system's timers if left out. */
  setTimer?(task: () => void, ms: number): () => void;
}

export interface PlatformOptions {
  /** Where the time comes from; the system's if left out. */
  readonly clock?: Clock;
  /** Where random bytes come from; the system's if left out. */
  readonly random?: (count: number) => Uint8Array;
}

export function platform(options: PlatformOptions): Platform {
  const { clock } = options;
  return {
    now: clock ? () => clock.now() : () => Date.now(),
    setTimer: clock?.setTimer ? (task, ms) => (clock.setTimer as Platform["setTimer"])(task, ms) : setSystemTimer,
    random: options.random ?? random,
    schedule,
    ...(asyncContext && { asyncContext }),
  };
}

/** Objects' own timers are gated; these are holdfast's. A timer alone keeps no process alive. */
function setSystemTimer(task: () => void, ms: number): () => void {
  const timer: unknown = ungated.setTimeout(task, ms);
  (timer as { unref?(): void }).unref?.();
  return () => ungated.clearTimeout(timer);
}
