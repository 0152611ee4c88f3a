/** web-socket/hibernating-sockets.ts
 * The WebSockets of one object that `ctx.acceptWebSocket()` accepted: they outlive its sessions when it is evicted, and wake it.
 *
 * 1. What arrives is an event of the object: `webSocketMessage`, `webSocketClose`. The session is begun for it if there is none.
 * 2. A request that has an automatic response is answered here; the object sleeps on.
 * 3. Code of each session sees a `WebSocket` of its own for a connection, the same for the whole session.
 * 4. A closed connection is listed until `webSocketClose` has ended. The other end hears no more of it (parity: websocket-late-error).
 * 5. A reset of the object ends its connections. */
import { notOfType } from "@holdfast/core";
import type { ObjectInstance } from "../object-instance.js";
import { LOST, type SocketClose, type SocketEnd, type SocketMessage } from "./socket-end.js";
import { behind, WebSocket } from "./web-socket.js";
import { WebSocketRequestResponsePair } from "./web-socket-pair.js";

const MAX_TAGS = 10;
const MAX_TAG_BYTES = 256;
const MAX_PAIR_BYTES = 2048;
/** A week, in milliseconds. */
const MAX_EVENT_TIMEOUT = 604_800_000;

interface Connection {
  readonly end: SocketEnd;
  readonly tags: readonly string[];
  /** Milliseconds since the epoch. */
  answeredAt: number | undefined;
  /** Rule 3. */
  socket: WebSocket | undefined;
  /** Lets a facet leave memory: one that has connections stays. */
  readonly free: () => void;
  /** It was closed: what still arrives is nobody's. */
  isForgotten: boolean;
}

/** The handlers that a class may have. */
interface Handlers {
  webSocketMessage?(socket: WebSocket, message: SocketMessage): unknown;
  webSocketClose?(socket: WebSocket, code: number, reason: string, wasClean: boolean): unknown;
}

export interface SocketsParts {
  /** Milliseconds since the epoch. */
  now(): number;
  /** The object's session, begun if there is none. */
  wake(): ObjectInstance;
}

export class HibernatingSockets {
  readonly #parts: SocketsParts;
  /** Newest first, as they are listed. */
  #connections: Connection[] = [];
  #response: WebSocketRequestResponsePair | undefined;
  #eventTimeout: number | null = null;

  constructor(parts: SocketsParts) {
    this.#parts = parts;
  }

  /** Whether there is anything to keep while the object sleeps. */
  get hasState(): boolean {
    return this.#connections.length > 0 || this.#response !== undefined || this.#eventTimeout !== null;
  }

  /** `ctx.acceptWebSocket(socket, tags)`. @throws TypeError, Error */
  accept(socket: unknown, tags: unknown, owner: ObjectInstance): void {
    const inside = behind(socket);
    if (!inside) throw notOfType("acceptWebSocket", "DurableObjectState", 1, "WebSocket");
    if (tags !== undefined && !Array.isArray(tags)) throw notOfType("acceptWebSocket", "DurableObjectState", 2, "Array");
    if (inside.use !== "new") {
      throw new Error("Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`");
    }
    if (inside.end.peer.isHibernating) {
      throw new Error(
        "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a Response.",
      );
    }
    const connection: Connection = {
      end: inside.end,
      tags: checkedTags(tags ?? []),
      answeredAt: undefined,
      socket: socket as WebSocket,
      free: owner.isFacet ? owner.busy() : () => {},
      isForgotten: false,
    };
    inside.letGo(); // it outlasts the session
    inside.use = "hibernating";
    inside.owner = owner;
    inside.end.isHibernating = true;
    this.#connections.unshift(connection);
    inside.end.receive({
      message: (data) => this.#message(connection, data),
      closed: (close) => this.#closed(connection, close, true),
      lost: () => this.#closed(connection, LOST, false),
    });
  }

  /** `ctx.getWebSockets(tag)` */
  list(tag: string | undefined, owner: ObjectInstance): WebSocket[] {
    const found = this.#connections.filter(({ tags }) => tag === undefined || tags.includes(tag));
    return found.map((connection) => socketFor(connection, owner));
  }

  /** `ctx.getTags(socket)` @throws TypeError, Error */
  tags(socket: unknown): string[] {
    const inside = behind(socket);
    if (!inside) throw notOfType("getTags", "DurableObjectState", 1, "WebSocket");
    const connection = this.#connection(inside.end);
    if (connection) return [...connection.tags];
    throw new Error("you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket.");
  }

  /** `ctx.setWebSocketAutoResponse(pair)` @throws TypeError, RangeError */
  setResponse(args: readonly unknown[]): void {
    const [pair] = args;
    if (pair !== undefined && !(pair instanceof WebSocketRequestResponsePair)) {
      throw notOfType("setWebSocketAutoResponse", "DurableObjectState", 1, "WebSocketRequestResponsePair");
    }
    if (pair) {
      checkLength("Request", "request", pair.request);
      checkLength("Response", "response", pair.response);
    }
    this.#response = pair;
  }

  get response(): WebSocketRequestResponsePair | null {
    return this.#response ?? null;
  }

  /** `ctx.getWebSocketAutoResponseTimestamp(socket)` @throws TypeError */
  answeredAt(socket: unknown): Date | null {
    const inside = behind(socket);
    if (!inside) throw notOfType("getWebSocketAutoResponseTimestamp", "DurableObjectState", 1, "WebSocket");
    const at = this.#connection(inside.end)?.answeredAt;
    return at === undefined ? null : new Date(at);
  }

  get eventTimeout(): number | null {
    return this.#eventTimeout;
  }

  /** `ctx.setHibernatableWebSocketEventTimeout(ms)`. Kept and told; a handler that takes longer goes on (parity: websocket-event-timeout).
   * @throws TypeError, Error */
  setEventTimeout(given: unknown): void {
    const ms = given === undefined || given === null ? 0 : Math.trunc(Number(given));
    if (!Number.isFinite(ms)) throw new TypeError("The value cannot be converted because it is not an integer.");
    if (ms < 0) {
      throw new TypeError("The value cannot be converted because it is negative and this API expects a positive number.");
    }
    if (ms > MAX_EVENT_TIMEOUT) throw new Error(`Event timeout should not exceed ${MAX_EVENT_TIMEOUT} ms.`);
    this.#eventTimeout = ms === 0 ? null : ms;
  }

  /** The session has ended, and the next will have sockets of its own (rule 3). */
  sleep(): void {
    for (const connection of this.#connections) connection.socket = undefined;
  }

  /** Rule 5. */
  disconnect(): void {
    for (const { end, free } of this.#connections.splice(0)) {
      end.disconnect();
      free();
    }
  }

  #connection(end: SocketEnd): Connection | undefined {
    return this.#connections.find((connection) => connection.end === end);
  }

  #message(connection: Connection, data: SocketMessage): Promise<void> {
    const response = this.#response;
    if (response && data === response.request) {
      connection.answeredAt = this.#parts.now();
      if (!connection.end.hasClosed) connection.end.send(response.response, Promise.resolve());
      return Promise.resolve();
    }
    return this.#event((object, socket) => object.webSocketMessage?.(socket, data), connection);
  }

  #closed(connection: Connection, { code, reason }: SocketClose, wasClean: boolean): Promise<void> {
    const forget = () => {
      this.#connections = this.#connections.filter((other) => other !== connection);
      connection.isForgotten = true;
      connection.free();
    };
    const handle = async (object: Handlers, socket: WebSocket) => {
      try {
        await object.webSocketClose?.(socket, code, reason, wasClean);
      } finally {
        forget();
      }
    };
    return this.#event(handle, connection);
  }

  /** Rule 1. What a handler throws is logged, and ends nothing. */
  #event(handle: (object: Handlers, socket: WebSocket) => unknown, connection: Connection): Promise<void> {
    if (connection.isForgotten) return Promise.resolve();
    let instance: ObjectInstance;
    try {
      instance = this.#parts.wake();
    } catch {
      this.disconnect(); // the host is closed
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const called = instance.call((object) => {
        resolve();
        return handle(object, socketFor(connection, instance));
      });
      called.catch(() => resolve());
      instance.runLogged(() => called);
    });
  }
}

function socketFor(connection: Connection, owner: ObjectInstance): WebSocket {
  connection.socket ??= new WebSocket(connection.end, owner);
  return connection.socket;
}

function checkedTags(given: readonly unknown[]): string[] {
  const tags = [...new Set(given.map(String))];
  if (tags.length > MAX_TAGS) throw new Error(`a Hibernatable WebSocket cannot have more than ${MAX_TAGS} tags`);
  for (const tag of tags) {
    if (new TextEncoder().encode(tag).length <= MAX_TAG_BYTES) continue;
    throw new Error(`"${tag}" is longer than the max tag length (${MAX_TAG_BYTES} characters).`);
  }
  return tags;
}

function checkLength(name: string, noun: string, text: string): void {
  const { length } = new TextEncoder().encode(text);
  if (length <= MAX_PAIR_BYTES) return;
  throw new RangeError(`${name} cannot be larger than ${MAX_PAIR_BYTES} bytes. A ${noun} of size ${length} was provided.`);
}
