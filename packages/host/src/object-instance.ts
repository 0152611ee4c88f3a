/** object-instance.ts
 * One session of one object: its storage, the instance of its class, and the calls it is working on.
 *
 *   made ──▶ storage opens ──▶ constructor (a turn of its own) ──▶ calls, each a turn ──▶ closed, or evicted when idle
 *                │                     │                            │
 *                └─────────────────────┴────────────────────────────┴──▶ broken: a reset
 *
 * 1. Calls are delivered in the order they arrived, also those that arrive while the storage still opens.
 * 2. What a call returns or throws leaves when the turn that produced it has ended and everything it could reveal is durable.
 * 3. A reset happens once: uncommitted writes are dropped, every pending and later call fails with its error, and the next session
 *    starts when this one has let go of the storage. Its code cannot be stopped, only cut off (parity: abort-freezes).
 * 4. What the object waits for comes back as an event of it, in the scope that asked.
 * 5. What fails in its code with nobody to tell is logged, where it can be told from other failures (parity: unhandled-rejections). */
import { ABORTED, type ObjectSession, openSession, type Scope } from "@holdfast/core";
import { HoldfastError } from "@holdfast/core/contract";
import { Activity } from "./activity.js";
import type { AlarmOutcome } from "./alarm-scheduler.js";
import type { Compatibility } from "./compatibility.js";
import { runAs, runAsNobody, scopeOutsideTurns, setCurrentObject } from "./current-object.js";
import { withStoredName } from "./durable-object-id.js";
import { DurableObjectState } from "./durable-object-state.js";
import { toResetError, toText } from "./error-transport.js";
import type { OpenHead } from "./facets/facet-storage.js";
import { ObjectFacets } from "./facets/object-facets.js";
import type { InstanceParts, Startup } from "./instance-parts.js";
import { runAlarm } from "./run-alarm.js";

export class ObjectInstance {
  readonly #parts: InstanceParts;
  readonly #pending = new Set<(error: unknown) => void>();
  readonly #activity: Activity;
  readonly #atEnd = new Set<() => void>();
  #waitingEvents: (() => void)[] = [];
  #session: ObjectSession | undefined;
  #context: DurableObjectState | undefined;
  #object: object | undefined;
  #broken: { readonly error: unknown } | undefined;
  #isEvicted = false;
  #facets: ObjectFacets | undefined;
  #hasLeft = false;
  /** Settles when the storage is no longer held. */
  readonly #released: Promise<void>;
  #release!: () => void;
  /** Resolves when the session has ended by a failure. */
  readonly #stopped: Promise<void>;
  #stop!: () => void;
  /** Settles when the storage has been opened, or could not be. */
  readonly #started: Promise<void>;

  constructor(parts: InstanceParts) {
    this.#parts = parts;
    this.#activity = new Activity(parts.session.setTimer, {
      onIdle: () => this.#evict(),
      onBusy: () => parts.parent?.busy() ?? (() => {}),
    });
    this.#stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
    this.#started = this.#start().catch((error) => this.reset(error));
  }

  get env(): object {
    return this.#parts.env;
  }

  get compatibility(): Compatibility {
    return this.#parts.compatibility;
  }

  /** Resolves when another session may open the storage. */
  get released(): Promise<void> {
    return this.#released;
  }

  get broken(): { readonly error: unknown } | undefined {
    return this.#broken;
  }

  /** The session ended because nobody needed it: stubs reach the next one. */
  get isEvicted(): boolean {
    return this.#isEvicted;
  }

  get isFacet(): boolean {
    return this.#parts.parent !== undefined;
  }

  /** The constructor has returned. */
  get hasStarted(): boolean {
    return this.#object !== undefined;
  }

  /** How far what it has committed reaches, and when that is durable; `undefined` while the storage is not open. */
  get openHead(): OpenHead | undefined {
    if (!this.#session || !("head" in this.#session)) return undefined;
    const { head } = this.#session;
    const durable = this.#session.flushed(head);
    durable.catch(toldToWhoAwaits);
    return { head, durable };
  }

  get pendingCalls(): number {
    return this.#pending.size;
  }

  /** Where what the object's code starts now belongs. */
  get currentScope(): Scope | undefined {
    return this.#session?.turns.currentScope;
  }

  /** Delivers one event to the object and settles as `use` does, without copying anything (rule 2). */
  call<T>(use: (object: object, context: DurableObjectState) => T, scope?: Scope): Promise<Awaited<T>> {
    return new Promise<Awaited<T>>((resolve, reject) => {
      if (this.#broken) return reject(this.#broken.error);
      const done = this.busy();
      const fail = (error: unknown) => {
        done();
        reject(error);
      };
      this.#pending.add(fail);
      this.deliver(() => {
        const settle = (send: () => void) =>
          this.#afterDurable(() => {
            if (!this.#pending.delete(fail)) return;
            done();
            send();
          });
        let result: Promise<Awaited<T>>;
        try {
          result = Promise.resolve(use(this.#object as object, this.#context as DurableObjectState));
        } catch (error) {
          result = Promise.reject(error);
        }
        result.then(
          (value) => settle(() => resolve(value)),
          (error) => settle(() => reject(error)),
        );
      }, scope);
    });
  }

  /** Asks the object's code something for the object's own use: the answer reveals nothing to others, and does not wait for what was written. */
  ask<T>(use: () => T, scope?: Scope): Promise<Awaited<T>> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken.error);
      const done = this.busy();
      this.#stopped.then(() => reject(this.#broken?.error));
      this.deliver(() => {
        Promise.resolve()
          .then(use)
          .then(resolve as (value: unknown) => void, reject)
          .finally(done);
      }, scope);
    });
  }

  /** Runs `event` as a turn of the object, in a scope of it. */
  deliver(event: () => void, scope?: Scope): void {
    if (this.#broken) return;
    const { turns } = this.#session ?? {};
    if (turns && this.#object) turns.deliver(() => runAs(this, turns.currentScope, event), scope);
    else this.#waitingEvents.push(event);
  }

  /** Settles as `result` does, by an event of the object (rule 4); never, if the object is reset before. */
  await<T>(result: Promise<T>): Promise<T> {
    const scope = this.currentScope;
    const done = this.busy();
    return new Promise((resolve, reject) => {
      const settle = (go: () => void) => {
        done();
        this.deliver(go, scope);
      };
      result.then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
    });
  }

  /** Something keeps the object in memory, until the returned function is called. */
  busy(): () => void {
    return this.#activity.begin();
  }

  /** Runs code of the object that has no caller: what it throws is logged, as on the platform. */
  runLogged(code: () => unknown): void {
    const log = (error: unknown) => {
      if (error !== this.#broken?.error) console.error("Uncaught in a Durable Object:", error);
    };
    try {
      const result = code();
      if (result instanceof Promise) result.catch(log);
    } catch (error) {
      log(error);
    }
  }

  /** Has `cancel` called when the session ends, unless what is returned is called before. */
  atEnd(cancel: () => void): () => void {
    this.#atEnd.add(cancel);
    return () => void this.#atEnd.delete(cancel);
  }

  /** Runs the alarm, if it is due. */
  runAlarm(attempt: { readonly scheduledTime: number; readonly retryCount: number }): Promise<AlarmOutcome> {
    const { now, setTimer } = this.#parts.session;
    const parts = {
      now,
      setTimer,
      call: <T>(use: (object: object) => T) => this.call(use),
      alarm: () => (this.#session as ObjectSession).alarm,
      reset: (error: unknown) => this.reset(error),
    };
    return runAlarm(parts, attempt);
  }

  /** Clears the alarm, if it still is the one of this time. */
  clearAlarm(scheduledTime: number): Promise<void> {
    return this.call(() => {
      const { alarm } = this.#session as ObjectSession;
      if (alarm.stored === scheduledTime) alarm.set(null, { confirmed: true });
    });
  }

  /** Resolves when everything the object has written is durable: what it sends to others may leave then. */
  async mayReveal(): Promise<void> {
    await this.#session?.gate.wait();
  }

  /** Ends the session by a failure (rule 3). */
  reset(error: unknown): void {
    if (this.#broken) return;
    this.#broken = { error };
    this.#stop();
    this.#waitingEvents = [];
    this.#activity.stop();
    for (const cancel of this.#atEnd) cancel();
    this.#atEnd.clear();
    if (this.#isEvicted) this.#parts.sockets.sleep();
    else this.#parts.sockets.disconnect();
    this.#facets?.end(error);
    this.#session?.break(error);
    const pending = [...this.#pending];
    this.#pending.clear();
    // Callers go on when the object's turn is over: their code is not the object's.
    const tell = () => {
      for (const reject of pending) reject(error);
    };
    if (this.#session) this.#session.turns.afterTurn(tell);
    else tell();
    this.#letGo();
  }

  /** Ends the session in order: what was written is durable when it resolves. Pending calls fail. */
  async close(): Promise<void> {
    await this.#started;
    if (!this.#broken) {
      await this.#session?.close();
      this.reset(new HoldfastError("HOLDFAST_CLOSED", "The host was closed."));
    }
    await this.#released;
    await this.#facets?.settled;
  }

  #evict(): void {
    if (this.#broken) return;
    this.#isEvicted = true;
    this.#leave();
    this.close().catch(answeredByReset); // nobody is left to tell: what was lost shows to the next session as what is durable
  }

  async #start(): Promise<void> {
    await this.#parts.previous;
    const done = this.busy();
    const startup = await Promise.race([this.#parts.start(), this.#stopped]);
    if (!startup) return; // reset while somebody was still asked what to start
    const session = await openSession({
      ...this.#parts.session,
      onRunning: (scope) => setCurrentObject(scope ? this : undefined),
      scopeOutside: () => scopeOutsideTurns(this),
      enter: (use) => runAs(this, session.turns.currentScope, use),
      leave: runAsNobody,
      hasAlarmHandler: () => this.#hasAlarmHandler(),
      onDeleteAll: () => this.#facets?.deleteAll(),
      resetError: toResetError,
      onBroken: (error) => this.reset(error),
    });
    this.#session = session;
    if (this.#broken) return; // closed meanwhile
    this.#parts.onAlarmFound(session.alarm.stored);
    session.turns.deliver(() => {
      this.#construct(startup, session);
      done();
    });
  }

  #construct(startup: Startup, session: ObjectSession): void {
    const { env, sockets } = this.#parts;
    const { Class, props, exports } = startup;
    const id = withStoredName(startup.id, session.alarm);
    this.#facets = this.#makeFacets({ ...startup, id }, session);
    const facets = this.#facets;
    this.#context = new DurableObjectState({
      id,
      storage: session.storage,
      exports,
      props,
      facets: () => {
        this.#refuseIfBroken();
        return facets ?? noFacets();
      },
      abort: (reason, retryAlarm) => this.#abort(reason, retryAlarm),
      section: (callback) => session.section(callback),
      keepAlive: () => this.busy(),
      sockets: {
        all: sockets,
        accept: (socket, tags) => {
          this.#refuseIfBroken();
          sockets.accept(socket, tags, this);
        },
        list: (tag) => sockets.list(tag, this),
      },
    });
    try {
      this.#object = runAs(this, session.turns.currentScope, () => new Class(this.#context as never, env as never));
    } catch (error) {
      return this.reset(toResetError(error));
    }
    for (const event of this.#waitingEvents.splice(0)) this.deliver(event);
  }

  /** Legacy objects have none: what is inside an object is a timeline beside its own. */
  #makeFacets(startup: Startup, session: ObjectSession): ObjectFacets | undefined {
    const { facets, compatibility } = this.#parts;
    const { objectId, backend } = this.#parts.session;
    if (backend.kind !== "sqlite") return undefined;
    return new ObjectFacets({
      parent: this,
      objectId,
      depth: this.#depth,
      enhancedErrors: compatibility.enhancedErrors,
      timelines: backend.timelines,
      begin: (facet) => facets.begin(this, facet),
      released: facets.released,
      mayHaveFacets: facets.mayHaveFacets,
      openHeads: facets.openHeads,
      holdOutput: () => {
        const hold = session.gate.hold();
        return () => hold.release();
      },
      startup,
    });
  }

  /** Code that was left over by a reset has no effect any more (rule 3). */
  #refuseIfBroken(): void {
    if (this.#broken) throw this.#broken.error;
  }

  /** 1 for an object of a namespace. */
  get #depth(): number {
    const { parent } = this.#parts;
    return parent ? parent.#depth + 1 : 1;
  }

  /** @throws Error in a facet that has a handler (parity: facet-alarm-error) */
  #hasAlarmHandler(): boolean {
    const has = this.#object === undefined || hasAlarm(this.#object);
    if (has && this.#parts.parent) throw new Error("Facets currently cannot set alarms.");
    return has;
  }

  /** Throws, to leave the calling code, if that runs in a turn: there its caller takes the error. A timer's callback has no caller, and
   * an error from it would end the process (parity: abort-freezes). */
  #abort(reason: unknown, retryAlarm: boolean): void {
    const inTurn = this.#session?.turns.isRunning === true;
    const error = toResetError(new Error(reason === undefined ? ABORTED : toText(reason)));
    if (!retryAlarm) this.#parts.onNoRetry();
    this.reset(error);
    if (inTurn) throw error;
  }

  /** Rule 2. If the commit fails, the session breaks, and the reset answers the caller. */
  #afterDurable(send: () => void): void {
    const { gate, turns } = this.#session as ObjectSession;
    turns.afterTurn(() => {
      gate.whenOpen(send, answeredByReset);
    });
  }

  /** From here on calls begin the next session. */
  #leave(): void {
    if (!this.#hasLeft) this.#parts.onEnded();
    this.#hasLeft = true;
  }

  /** Closes the storage and tells who waits for it. */
  #letGo(): void {
    this.#leave();
    const closed = this.#started.then(() => this.#session?.close());
    const settled = closed.catch(answeredByReset).then(() => this.#facets?.settled);
    settled.catch(toldToWhoAwaits).then(this.#release);
  }
}

function noFacets(): never {
  throw new HoldfastError(
    "HOLDFAST_UNSUPPORTED",
    "Objects on legacy key-value storage have no facets. Use a SQLite-backed class.",
  );
}

/** An arrow function in a field counts too (`spec/runtime` §7.1). */
function hasAlarm(object: object): object is { alarm(info: unknown): unknown } {
  return typeof (object as { alarm?: unknown }).alarm === "function";
}

/** Whoever copies or closes is told. */
function toldToWhoAwaits(): void {}

/** A session that broke has told its callers why; closing it afterwards fails for the same reason. */
function answeredByReset(): void {}
