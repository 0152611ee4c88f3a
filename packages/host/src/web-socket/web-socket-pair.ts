/** The constructors that make WebSockets, and what answers for a sleeping object. */
import { SocketEnd } from "./socket-end.js";
import { WebSocket } from "./web-socket.js";

/** Two WebSockets that are connected with each other. */
export class WebSocketPair {
  readonly 0: WebSocket;
  readonly 1: WebSocket;

  constructor() {
    const end = new SocketEnd();
    this[0] = new WebSocket(end);
    this[1] = new WebSocket(end.peer);
  }

  [Symbol.iterator](): IterableIterator<WebSocket> {
    return [this[0], this[1]].values();
  }

  get [Symbol.toStringTag](): string {
    return "WebSocketPair";
  }
}

/** A message, and what is answered to it while the object may sleep. */
export class WebSocketRequestResponsePair {
  readonly #request: string;
  readonly #response: string;

  /** @throws TypeError if one is missing */
  constructor(request: string, response: string);
  constructor(...args: unknown[]) {
    for (const parameter of [1, 2]) {
      if (args.length >= parameter) continue;
      throw new TypeError(
        `Failed to construct 'WebSocketRequestResponsePair': constructor parameter ${parameter} is not of type 'string'.`,
      );
    }
    this.#request = String(args[0]);
    this.#response = String(args[1]);
  }

  get request(): string {
    return this.#request;
  }

  get response(): string {
    return this.#response;
  }

  get [Symbol.toStringTag](): string {
    return "WebSocketRequestResponsePair";
  }
}
