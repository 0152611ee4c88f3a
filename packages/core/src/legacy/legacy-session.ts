/** legacy/legacy-session.ts
 * One lifetime of a legacy object's storage: a cache in front of its store, behind the same gates as those of other objects, as in production.
 * parity: legacy-local */
import type { DurableObjectStorage } from "../api/durable-object-storage.js";
import { needsHost, type SessionParts } from "../api/storage-session.js";
import type { KvBackend, KvStore } from "../contract/index.js";
import { HoldfastError, isHoldfastError } from "../error.js";
import { OutputGate } from "../gate/output-gate.js";
import type { SectionRules } from "../gate/section.js";
import { Turns } from "../gate/turn.js";
import type { Public } from "../public.js";
import { LegacyAlarm } from "./legacy-alarm.js";
import { LegacyStorage } from "./legacy-storage.js";
import { OutsideStore } from "./outside-store.js";
import { WriteBackCache } from "./write-back-cache.js";

export type LegacySessionParts = Omit<SessionParts, "backend"> & { readonly backend: KvBackend };

export class LegacySession {
  /** Has the shape of the other kind, of which much only throws. */
  readonly storage: Public<DurableObjectStorage>;
  readonly turns: Turns;
  readonly gate: OutputGate = new OutputGate();
  readonly alarm: LegacyAlarm;
  readonly #cache: WriteBackCache;
  readonly #enter: <T>(use: () => T) => T;
  /** Those who wait for the store, or for a turn. */
  readonly #waiting = new Set<(error: unknown) => void>();
  #closed: Promise<void> | undefined;

  /** Begins a session. @throws HoldfastError `HOLDFAST_STORE_FAILED`, as a rejection, if the store cannot be opened */
  static async open(parts: LegacySessionParts): Promise<LegacySession> {
    try {
      const leave = <T>(use: () => T): T => (parts.leave ? parts.leave(use) : use());
      const store = new OutsideStore(await leave(() => parts.backend.open(parts.objectId)), leave);
      try {
        return new LegacySession(parts, store, await store.getAlarm(), await store.getName());
      } catch (error) {
        await store.close();
        throw error;
      }
    } catch (cause) {
      throw storeFailed(parts.objectId, cause);
    }
  }

  private constructor(parts: LegacySessionParts, store: KvStore, storedAlarm: number | null, name: string | undefined) {
    const { schedule, setTimer, onRunning, scopeOutside, deletesAlarm = true, enhancedErrors = true, now } = parts;
    const turns = new Turns({
      schedule,
      setTimer,
      endOfTurn: () => cache.endOfTurn(),
      onSectionFailed: (error) => cache.fail(parts.resetError ? parts.resetError(error) : error),
      ...(onRunning && { onRunning }),
      ...(scopeOutside && { scopeOutside }),
    });
    const cache = new WriteBackCache({
      store,
      gate: this.gate,
      joined: () => turns.joined(),
      storeFailed: (cause) => storeFailed(parts.objectId, cause),
      onBroken: (error) => {
        turns.stop(error);
        for (const reject of this.#waiting) reject(error);
        parts.onBroken?.(error);
      },
      onAlarm: (time, isDurable) => parts.onAlarm?.(time, isDurable),
    });
    const alarm = new LegacyAlarm({ cache, alarm: storedAlarm, name, now });
    this.turns = turns;
    this.alarm = alarm;
    this.#cache = cache;
    this.#enter = (use) => (parts.enter ? parts.enter(use) : use());
    const storage = new LegacyStorage({
      ...{ cache, alarm, deletesAlarm, enhancedErrors },
      hasAlarmHandler: () => parts.hasAlarmHandler?.() ?? needsHost(),
      await: (result, allowConcurrency) => this.#await(result, allowConcurrency),
      sync: () => this.#sync(),
      section: (body, rules) => this.section(body, rules),
    });
    this.storage = storage as object as Public<DurableObjectStorage>;
  }

  /** Runs `body` as a critical section (`spec/runtime` §1.5). @throws Error as a rejection, if sections are nested too deeply */
  section<T>(body: () => T, rules?: SectionRules): Promise<Awaited<T>> {
    return this.turns.section(() => this.#enter(body), rules);
  }

  /** Breaks the session: what is not on its way to the store is lost, every later call fails with `error`. */
  break(error: unknown): void {
    this.#cache.fail(error);
  }

  /** Ends the session; everything written is durable when it resolves. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const wasBroken = this.#cache.failure !== undefined;
    try {
      if (!wasBroken) await this.#cache.flushAll();
    } finally {
      this.break(new HoldfastError("HOLDFAST_CLOSED", "This storage is closed. Open the object again to go on."));
      await this.#cache.close();
    }
  }

  /** What comes from the store comes back as an event of the object. */
  #await<T>(result: Promise<T>, allowConcurrency: boolean): Promise<T> {
    const { turns } = this;
    const scope = turns.currentScope;
    const go = allowConcurrency ? (event: () => void) => turns.deliver(event, scope) : turns.holdInput();
    return this.#until((settle) => {
      result.then(
        (value) => go(() => settle((resolve) => resolve(value))),
        (error) => go(() => settle((_, reject) => reject(error))),
      );
    });
  }

  async #sync(): Promise<void> {
    const { turns } = this;
    const scope = turns.currentScope;
    await this.#until<void>((settle) => turns.afterThis(() => settle((resolve) => resolve())));
    await this.#cache.flushed();
    await this.#until<void>((settle) => turns.deliver(() => settle((resolve) => resolve()), scope));
  }

  /** Rejects if the session breaks before. */
  #until<T>(
    start: (settle: (how: (resolve: (value: T) => void, reject: (error: unknown) => void) => void) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#cache.failure) return reject(this.#cache.failure.error);
      this.#waiting.add(reject);
      start((how) => {
        this.#waiting.delete(reject);
        how(resolve, reject);
      });
    });
  }
}

/** parity: legacy-store-failed */
function storeFailed(objectId: string, cause: unknown): unknown {
  if (isHoldfastError(cause)) return cause;
  const message = `The key-value store of object '${objectId}' failed. What was acknowledged is durable; restart the object.`;
  return new HoldfastError("HOLDFAST_STORE_FAILED", message, { cause });
}
