/** `ctx`: what a Durable Object's constructor receives (`spec/runtime` §4.2). */
import type { DurableObjectStorage, Public } from "@holdfast/core";
import { notOfType } from "@holdfast/core";
import type { DurableObjectId, ObjectId } from "./durable-object-id.js";
import { DurableObjectFacets } from "./facets/durable-object-facets.js";
import type { ObjectFacets } from "./facets/object-facets.js";
import type { HibernatingSockets } from "./web-socket/hibernating-sockets.js";
import type { ObjectWebSocket, RequestResponsePair } from "./web-socket/object-web-socket.js";

export interface StateParts {
  readonly id: DurableObjectId | string;
  readonly storage: Public<DurableObjectStorage>;
  readonly exports: object;
  readonly props: unknown;
  facets(): ObjectFacets;
  abort(reason: unknown, retryAlarm: boolean): void;
  /** Runs a critical section. */
  section(callback: () => unknown): Promise<unknown>;
  /** Keeps the object in memory until the returned function is called. */
  keepAlive(): () => void;
  readonly sockets: {
    readonly all: HibernatingSockets;
    accept(socket: unknown, tags: unknown): void;
    list(tag: string | undefined): ObjectWebSocket[];
  };
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
  /** `{}`; for a facet, what its class was called with. */
  readonly props: unknown;
  readonly facets: Public<DurableObjectFacets>;
  /** There is none here (parity: ctx-container). */
  declare readonly container?: undefined;
  readonly #parts: StateParts;

  /** Made by a host only. */
  constructor(parts: StateParts) {
    this.id = parts.id as DurableObjectId; // text, for a facet that was given some
    this.storage = parts.storage;
    this.exports = parts.exports;
    this.props = parts.props;
    this.facets = new DurableObjectFacets(parts.facets);
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

  /** Takes a WebSocket whose events are handlers of the class, `webSocketMessage` and `webSocketClose`: it does not keep the object in
   * memory, and wakes it. `tags`: up to 10 of up to 256 bytes, to list it by.
   * @throws TypeError, Error if it is accepted already, or for too many or too long tags */
  acceptWebSocket(socket: ObjectWebSocket, tags?: string[]): void {
    this.#parts.sockets.accept(socket, tags);
  }

  /** The WebSockets that were accepted that way, newest first; of one tag, if it is given. */
  getWebSockets(tag?: string): ObjectWebSocket[] {
    return this.#parts.sockets.list(tag === undefined ? undefined : String(tag));
  }

  /** The tags of a WebSocket. @throws TypeError, Error if it was not accepted by `acceptWebSocket` */
  getTags(socket: ObjectWebSocket): string[] {
    return this.#parts.sockets.all.tags(socket);
  }

  /** What is answered to one message without waking the object; nothing any more, without a pair. Both texts have at most 2,048 bytes.
   * @throws TypeError, RangeError */
  setWebSocketAutoResponse(pair?: RequestResponsePair): void;
  setWebSocketAutoResponse(...args: unknown[]): void {
    this.#parts.sockets.all.setResponse(args);
  }

  getWebSocketAutoResponse(): RequestResponsePair | null {
    return this.#parts.sockets.all.response;
  }

  /** When a WebSocket was last answered that way. @throws TypeError */
  getWebSocketAutoResponseTimestamp(socket: ObjectWebSocket): Date | null {
    return this.#parts.sockets.all.answeredAt(socket);
  }

  /** How long a handler may take, in milliseconds, at most a week; none if left out or 0 (parity: websocket-event-timeout).
   * @throws TypeError, Error */
  setHibernatableWebSocketEventTimeout(timeoutMs?: number): void {
    this.#parts.sockets.all.setEventTimeout(timeoutMs);
  }

  getHibernatableWebSocketEventTimeout(): number | null {
    return this.#parts.sockets.all.eventTimeout;
  }

  get [Symbol.toStringTag](): string {
    return "DurableObjectState";
  }
}

/** The platform logs it and goes on (`spec/runtime` §4.2). */
function ignoreRejection(): void {}
