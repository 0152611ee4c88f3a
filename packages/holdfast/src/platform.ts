/** What holdfast takes from the platform: clock, randomness, macrotasks. Everything below gets them from here. */

import type { AsyncContext } from "@holdfast/host";
import { asyncContext, random, schedule } from "#parts";

export interface Platform {
  /** Milliseconds since the epoch. */
  now(): number;
  random(count: number): Uint8Array;
  /** Queues a macrotask; tasks run in order. */
  schedule(task: () => void): void;
  /** Makes an async context. */
  asyncContext(): AsyncContext<unknown>;
}

export interface PlatformOptions {
  /** Where the time comes from; the system's if left out. */
  readonly clock?: { now(): number };
  /** Where random bytes come from; the system's if left out. */
  readonly random?: (count: number) => Uint8Array;
}

export function platform(options: PlatformOptions): Platform {
  return {
    now: options.clock ? () => (options.clock as { now(): number }).now() : Date.now,
    random: options.random ?? random,
    schedule,
    asyncContext,
  };
}
