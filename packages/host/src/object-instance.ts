/** object-instance.ts
 * One session of one object: its storage, the instance of its class, and the calls it is working on.
 *
 *   made ──▶ storage opens ──▶ constructor (a turn of its own) ──▶ calls, each a turn ──▶ closed
 *                │                     │                            │
 *                └─────────────────────┴────────────────────────────┴──▶ broken: a reset
 *
 * 1. Calls are delivered in the order they arrived, also those that arrive while the storage still opens.
 * 2. What a call returns or throws leaves when the turn that produced it has ended and everything it could reveal is durable.
 * 3. A reset happens once: uncommitted writes are dropped, every pending and later call fails with its error, and the next session
 *    starts when this one has let go of the storage. Its code cannot be stopped, only cut off (parity: abort-freezes). */
import { ABORTED, type SessionParts, StorageSession } from "@holdfast/core";
import { HoldfastError } from "@holdfast/core/contract";
import { runAs, setCurrentObject } from "./current-object.js";
import type { DurableObjectId } from "./durable-object-id.js";
import { DurableObjectState } from "./durable-object-state.js";
import { toResetError, toText } from "./error-transport.js";

export type DurableObjectClass = new (ctx: never, env: never) => object;

export interface InstanceParts {
  readonly id: DurableObjectId;
  readonly env: object;
  readonly session: Omit<SessionParts, "onBroken" | "onRunning">;
  loadClass(): Promise<DurableObjectClass>;
  /** Resolves when the session before has let go of the storage. */
  readonly previous: Promise<void>;
  /** The session is over: closed or broken. */
  onEnded(): void;
}

export class ObjectInstance {
  readonly #parts: InstanceParts;
  readonly #pending = new Set<(error: unknown) => void>();
  #waitingEvents: (() => void)[] = [];
  #session: StorageSession | undefined;
  #context: DurableObjectState | undefined;
  #object: object | undefined;
  #broken: { readonly error: unknown } | undefined;
  /** Settles when the storage is no longer held. */
  readonly #released: Promise<void>;
  #release!: () => void;
  /** Settles when the storage has been opened, or could not be. */
  readonly #started: Promise<void>;

  constructor(parts: InstanceParts) {
    this.#parts = parts;
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
    this.#started = this.#start().catch((error) => this.reset(error));
  }

  get env(): object {
    return this.#parts.env;
  }

  /** Resolves when another session may open the storage. */
  get released(): Promise<void> {
    return this.#released;
  }

  get broken(): { readonly error: unknown } | undefined {
    return this.#broken;
  }

  get pendingCalls(): number {
    return this.#pending.size;
  }

  /** Delivers one event to the object and settles as `use` does, without copying anything (rule 2). */
  call<T>(use: (object: object, context: DurableObjectState) => T): Promise<Awaited<T>> {
    return new Promise<Awaited<T>>((resolve, reject) => {
      if (this.#broken) return reject(this.#broken.error);
      this.#pending.add(reject);
      this.deliver(() => {
        const settle = (send: () => void) => this.#afterDurable(() => this.#pending.delete(reject) && send());
        let result: Promise<Awaited<T>>;
        try {
          result = Promise.resolve(runAs(this, () => use(this.#object as object, this.#context as DurableObjectState)));
        } catch (error) {
          result = Promise.reject(error);
        }
        result.then(
          (value) => settle(() => resolve(value)),
          (error) => settle(() => reject(error)),
        );
      });
    });
  }

  /** Runs `event` as a turn of the object. */
  deliver(event: () => void): void {
    if (this.#broken) return;
    if (this.#session && this.#object) this.#session.turns.deliver(event);
    else this.#waitingEvents.push(event);
  }

  /** Resolves when everything the object has written is durable: what it sends to others may leave then. */
  async mayReveal(): Promise<void> {
    await this.#session?.gate.wait();
  }

  /** Ends the session by a failure (rule 3). */
  reset(error: unknown): void {
    if (this.#broken) return;
    this.#broken = { error };
    this.#waitingEvents = [];
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
  }

  async #start(): Promise<void> {
    await this.#parts.previous;
    const Class = await this.#parts.loadClass();
    const session = await StorageSession.open({
      ...this.#parts.session,
      onRunning: (running) => setCurrentObject(running ? this : undefined),
      onBroken: (error) => this.reset(error),
    });
    this.#session = session;
    if (this.#broken) return; // closed meanwhile
    session.turns.deliver(() => this.#construct(Class, session));
  }

  #construct(Class: DurableObjectClass, session: StorageSession): void {
    this.#context = new DurableObjectState({
      id: this.#parts.id,
      storage: session.storage,
      abort: (reason) => this.#abort(reason),
    });
    try {
      this.#object = runAs(this, () => new Class(this.#context as never, this.#parts.env as never));
    } catch (error) {
      return this.reset(toResetError(error));
    }
    for (const event of this.#waitingEvents.splice(0)) session.turns.deliver(event);
  }

  /** Throws, to leave the calling code, if that runs in a turn: there its caller takes the error. A timer's callback has no caller, and
   * an error from it would end the process (parity: abort-freezes). */
  #abort(reason: unknown): void {
    const inTurn = this.#session?.turns.isRunning === true;
    const error = toResetError(new Error(reason === undefined ? ABORTED : toText(reason)));
    this.reset(error);
    if (inTurn) throw error;
  }

  /** Rule 2. If the commit fails, the session breaks, and the reset answers the caller. */
  #afterDurable(send: () => void): void {
    const { gate, turns } = this.#session as StorageSession;
    turns.afterTurn(() => gate.wait().then(send, answeredByReset));
  }

  /** Closes the storage and tells who waits for it. */
  #letGo(): void {
    this.#parts.onEnded();
    const closed = this.#started.then(() => this.#session?.close());
    closed.catch(answeredByReset).then(this.#release);
  }
}

/** A session that broke has told its callers why; closing it afterwards fails for the same reason. */
function answeredByReset(): void {}
