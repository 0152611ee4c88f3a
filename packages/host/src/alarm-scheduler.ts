/** alarm-scheduler.ts
 * Wakes objects when their alarms are due, and again when that failed (`spec/runtime` §7.3, §7.4).
 *
 *              due                    succeeded, or the alarm was set anew meanwhile
 *   waiting ─────────▶ running ──────────────────────────────────────────────────────▶ waiting, if there is an alarm
 *      ▲                  │ failed
 *      └──────────────────┘ later, at most 6 times; then the alarm is cleared
 *
 * 1. One timer stands for all alarms of a host, for the earliest. Nothing is opened before.
 * 2. An object runs one alarm at a time. The stored alarm decides whether and for when there is one to run, not what is remembered here.
 * 3. Failures of the store are not the object's: they are retried without end, and do not count. */
import { isHoldfastError } from "@holdfast/core";
import { DueQueue } from "./due-queue.js";

/** `spec/runtime` §7.4 */
const RETRIES = 6;
const FIRST_DELAY = 2000;
const MAX_DELAY = 1_024_000;
const JITTER = 0.25;
const STORE_FAILURES: ReadonlySet<string> = new Set(["HOLDFAST_STORE_FAILED", "HOLDFAST_FENCED", "HOLDFAST_ENGINE_LOST"]);
/** Timers overflow beyond this many milliseconds. */
const MAX_TIMER = 2 ** 31 - 1;

/** What `alarm()` is given. */
export class AlarmInvocationInfo {
  /** When the alarm was set for, milliseconds since the epoch. */
  readonly scheduledTime: number;
  /** 0 for the first run, up to 6. */
  readonly retryCount: number;
  readonly isRetry: boolean;

  constructor(scheduledTime: number, retryCount: number) {
    this.scheduledTime = scheduledTime;
    this.retryCount = retryCount;
    this.isRetry = retryCount > 0;
  }
}

/** What became of a run. */
export type AlarmOutcome =
  /** There is nothing more to do, unless the alarm was set meanwhile. */
  | { readonly kind: "done" }
  /** The stored alarm is for later. */
  | { readonly kind: "later"; readonly at: number }
  | { readonly kind: "failed"; readonly error: unknown };

export interface AlarmSchedulerParts {
  /** Milliseconds since the epoch. */
  now(): number;
  random(count: number): Uint8Array;
  setTimer(task: () => void, ms: number): () => void;
  /** Runs an object's alarm if it is due; the attempt is for the alarm of `scheduledTime`, if that is still the one. Must not reject. */
  run(key: string, attempt: { readonly scheduledTime: number; readonly retryCount: number }): Promise<AlarmOutcome>;
  /** Clears an object's alarm, which has failed for good. Must not reject. */
  giveUp(key: string, scheduledTime: number): Promise<void>;
}

interface Entry {
  scheduledTime: number;
  /** Failed runs of this alarm that count. */
  failures: number;
  /** Failures of the store in a row. */
  delays: number;
  isRunning: boolean;
  /** Set or cleared while it runs. */
  changed: { readonly alarm: number | null } | undefined;
  isFinal: boolean;
}

export class AlarmScheduler {
  readonly #parts: AlarmSchedulerParts;
  readonly #entries = new Map<string, Entry>();
  readonly #queue = new DueQueue();
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(parts: AlarmSchedulerParts) {
    this.#parts = parts;
  }

  /** How many alarms are set or running. */
  get size(): number {
    return this.#entries.size;
  }

  /** An object's alarm was committed, and may be lost again: what is earlier counts, for when it is due the stored alarm decides. */
  expect(key: string, alarm: number | null): void {
    const entry = this.#entries.get(key);
    if (entry?.isRunning || alarm === null) return;
    if (!entry || alarm < entry.scheduledTime) this.set(key, alarm);
  }

  /** A session of the object has begun with this alarm, which a restore may have changed. */
  found(key: string, alarm: number | null): void {
    const entry = this.#entries.get(key);
    if (!entry?.isRunning && (entry?.scheduledTime ?? null) !== alarm) this.set(key, alarm);
  }

  /** An object's alarm is durable, or was found in the log. */
  set(key: string, alarm: number | null): void {
    const entry = this.#entries.get(key);
    if (entry?.isRunning) {
      entry.changed = { alarm };
      return;
    }
    this.#entries.delete(key);
    if (alarm === null) this.#queue.set(key, undefined);
    else this.#wait(key, { ...FRESH, scheduledTime: alarm }, alarm);
    this.#arm();
  }

  /** What runs now is not to be run again (`abort(reason, { retryAlarm: false })`). */
  noRetry(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.isRunning) entry.isFinal = true;
  }

  /** Wakes nobody any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  #wait(key: string, entry: Entry, at: number): void {
    this.#entries.set(key, entry);
    this.#queue.set(key, at);
  }

  /** Rule 1. */
  #arm(): void {
    const { first } = this.#queue;
    const at = this.#isStopped ? undefined : first?.at;
    if (at === this.#timerAt) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = at ?? Number.POSITIVE_INFINITY;
    if (at === undefined) return;
    const delay = Math.min(Math.max(0, Math.ceil(at - this.#parts.now())), MAX_TIMER);
    this.#cancelTimer = this.#parts.setTimer(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#fire();
    }, delay);
  }

  #fire(): void {
    for (let due = this.#queue.first; due && due.at <= this.#parts.now(); due = this.#queue.first) {
      this.#queue.set(due.key, undefined);
      const entry = this.#entries.get(due.key);
      if (entry) void this.#run(due.key, entry);
    }
    this.#arm();
  }

  async #run(key: string, entry: Entry): Promise<void> {
    entry.isRunning = true;
    const { scheduledTime, failures } = entry;
    const outcome = await this.#parts.run(key, { scheduledTime, retryCount: failures });
    if (outcome.kind === "failed") await this.#failed(key, entry, outcome.error);
    else this.#ended(key, entry, outcome.kind === "later" ? outcome.at : null);
  }

  /** The alarm as it was set meanwhile, or else as the run left it. */
  #ended(key: string, entry: Entry, alarm: number | null): void {
    entry.isRunning = false;
    this.set(key, entry.changed ? entry.changed.alarm : alarm);
  }

  async #failed(key: string, entry: Entry, error: unknown): Promise<void> {
    const isStores = isHoldfastError(error) && STORE_FAILURES.has(error.code);
    const isSpent = !isStores && entry.failures >= RETRIES;
    if (entry.changed || this.#isStopped) return this.#ended(key, entry, null);
    if (entry.isFinal || isSpent) {
      await this.#parts.giveUp(key, entry.scheduledTime);
      return this.#ended(key, entry, null);
    }
    entry.isRunning = false;
    if (isStores) entry.delays += 1;
    else {
      entry.failures += 1;
      entry.delays = 0;
    }
    const doublings = (isStores ? entry.delays : entry.failures) - 1;
    this.#wait(key, entry, this.#parts.now() + this.#jittered(Math.min(FIRST_DELAY * 2 ** doublings, MAX_DELAY)));
    this.#arm();
  }

  #jittered(delay: number): number {
    const [a = 0, b = 0] = this.#parts.random(2);
    return Math.round(delay * (1 + (JITTER * (a * 256 + b)) / 65_536));
  }
}

const FRESH: Omit<Entry, "scheduledTime"> = {
  failures: 0,
  delays: 0,
  isRunning: false,
  changed: undefined,
  isFinal: false,
};
