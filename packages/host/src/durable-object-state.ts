/** `ctx`: what a Durable Object's constructor receives (`spec/runtime` §4.2). */
import type { DurableObjectStorage, Public } from "@holdfast/core";
import { notOfType } from "@holdfast/core";
import type { DurableObjectId, ObjectId } from "./durable-object-id.js";

export interface StateParts {
  readonly id: DurableObjectId;
  readonly storage: Public<DurableObjectStorage>;
  readonly exports: object;
  abort(reason: unknown, retryAlarm: boolean): void;
  /** Runs a critical section. */
  section(callback: () => unknown): Promise<unknown>;
  /** Keeps the object in memory until the returned function is called. */
  keepAlive(): () => void;
}

const made = new WeakSet<object>();

/** Whether a value is a `ctx` that a host made. */
export function isDurableObjectState(value: unknown): value is DurableObjectState {
  return typeof value === "object" && value !== null && made.has(value);
}

export class DurableObjectState {
  readonly id: ObjectId;
  readonly storage: Public<DurableObjectStorage>;
  /** What the worker's module exports, as bindings. */
  readonly exports: object;
  readonly props: unknown = {};
  /** There is none here. */
  declare readonly container?: undefined;
  readonly #parts: StateParts;

  /** Made by a host only. */
  constructor(parts: StateParts) {
    this.id = parts.id;
    this.storage = parts.storage;
    this.exports = parts.exports;
    this.#parts = parts;
    Object.defineProperty(this, "container", { value: undefined, enumerable: true, writable: true, configurable: true });
    made.add(this);
  }

  /** Runs `callback` while nothing else of the object runs, except what the callback starts (`spec/runtime` §1.5). It begins after this turn;
   * if it fails, or takes longer than 30 seconds, the object is reset.
   * @throws Error, as a rejection, if calls are nested too deeply */
  blockConcurrencyWhile<T>(callback: () => T | Promise<T>): Promise<T>;
  blockConcurrencyWhile(...args: unknown[]): Promise<unknown> {
    const [callback] = args;
    if (typeof callback !== "function") {
      return Promise.reject(notOfType("blockConcurrencyWhile", "DurableObjectState", 1, "function"));
    }
    return this.#parts.section(() => callback());
  }

  /** Ends this session of the object: nothing uncommitted is kept, every pending call fails, and the next call through a new stub starts
   * a new session. In a turn it throws, to leave the calling code; a `catch` around it can do nothing any more. Called from a timer or
   * another continuation outside any turn it returns, and the storage refuses what follows (parity: abort-freezes). */
  abort(reason?: unknown, options?: { retryAlarm?: boolean }): void {
    this.#parts.abort(reason, options?.retryAlarm ?? true);
  }

  /** Accepts work that goes on after the reply. A rejection is ignored. */
  waitUntil(promise: unknown): void;
  waitUntil(...promise: unknown[]): void {
    if (promise.length === 0) throw notOfType("waitUntil", "DurableObjectState", 1, "Promise");
    const done = this.#parts.keepAlive();
    Promise.resolve(promise[0]).catch(ignoreRejection).then(done);
  }

  get [Symbol.toStringTag](): string {
    return "DurableObjectState";
  }
}

/** The platform logs it and goes on (`spec/runtime` §4.2). */
function ignoreRejection(): void {}
