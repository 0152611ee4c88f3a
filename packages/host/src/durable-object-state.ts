/** `ctx`: what a Durable Object's constructor receives (`spec/runtime` §4.2). */
import type { DurableObjectStorage } from "@holdfast/core";
import { notOfType } from "@holdfast/core";
import type { DurableObjectId } from "./durable-object-id.js";

const made = new WeakSet<object>();

/** Whether a value is a `ctx` that a host made. */
export function isDurableObjectState(value: unknown): value is DurableObjectState {
  return typeof value === "object" && value !== null && made.has(value);
}

export class DurableObjectState {
  readonly id: DurableObjectId;
  readonly storage: DurableObjectStorage;
  readonly #abort: (reason: unknown) => void;

  /** Made by a host only. */
  constructor(parts: { id: DurableObjectId; storage: DurableObjectStorage; abort(reason: unknown): void }) {
    this.id = parts.id;
    this.storage = parts.storage;
    this.#abort = parts.abort;
    made.add(this);
  }

  /** Ends this session of the object: nothing uncommitted is kept, every pending call fails, and the next call through a new stub starts
   * a new session. In a turn it throws, to leave the calling code; a `catch` around it can do nothing any more. Called from a timer or
   * another continuation outside any turn it returns, and the storage refuses what follows (parity: abort-freezes). */
  abort(reason?: unknown): void {
    this.#abort(reason);
  }

  /** Accepts work that goes on after the reply. A rejection is ignored. */
  waitUntil(promise: unknown): void;
  waitUntil(...promise: unknown[]): void {
    if (promise.length === 0) throw notOfType("waitUntil", "DurableObjectState", 1, "Promise");
    Promise.resolve(promise[0]).catch(ignoreRejection);
  }

  get [Symbol.toStringTag](): string {
    return "DurableObjectState";
  }
}

/** The platform logs it and goes on (`spec/runtime` §4.2). */
function ignoreRejection(): void {}
