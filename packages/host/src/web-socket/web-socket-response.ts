/** web-socket/web-socket-response.ts
 * `new Response(null, { status: 101, webSocket })`, which other platforms' `Response` refuses, and `response.webSocket`. */
import type { ObjectInstance } from "../object-instance.js";
import { behind, endWith, type WebSocket } from "./web-socket.js";

const SWITCHING = [
  ["status", 101],
  ["statusText", "Switching Protocols"],
  ["ok", false],
] as const;

const sockets = new WeakMap<object, WebSocket>();

/** The WebSocket that a response hands over. */
export function socketOf(response: object): WebSocket | undefined {
  return sockets.get(response);
}

/** From here on the socket is the caller's: if its session ends, the connection does. No longer that of an object which only passed it on. */
export function handOver(response: Response, caller: ObjectInstance | undefined): void {
  const socket = sockets.get(response);
  if (socket && behind(socket)?.use === "new") endWith(socket, caller);
}

/** Gives `Response` its WebSockets, until what is returned is called. Responses stay instances of the platform's class. */
export function provideResponse(globals: { Response?: typeof Response }): () => void {
  const { Response: original } = globals;
  if (!original) return () => {};
  const { prototype } = original;
  const clone = prototype.clone;
  const replaced = new Proxy(original, {
    construct: (target, args, newTarget) => {
      const [body, init] = args as ConstructorParameters<typeof Response>;
      const socket = (init as { webSocket?: unknown } | undefined)?.webSocket;
      if (socket === undefined || socket === null) {
        checkStatus(init?.status);
        return Reflect.construct(target, args, newTarget);
      }
      check(body, init as ResponseInit, socket);
      const response = Reflect.construct(target, [null, { ...init, ...headersOf(init), status: 200 }], newTarget);
      sockets.set(response, socket as WebSocket);
      for (const [name, value] of SWITCHING) Object.defineProperty(response, name, { value, configurable: true });
      return response;
    },
  });
  globals.Response = replaced;
  Object.defineProperty(prototype, "constructor", { value: replaced, writable: true, configurable: true });
  Object.defineProperty(prototype, "webSocket", {
    get(this: object) {
      return sockets.get(this) ?? null;
    },
    configurable: true,
  });
  prototype.clone = function (this: Response) {
    if (sockets.has(this)) throw new TypeError("Cannot clone a response to a WebSocket handshake.");
    return Reflect.apply(clone, this, []);
  };
  return () => {
    if (globals.Response === replaced) globals.Response = original;
    Object.defineProperty(prototype, "constructor", { value: original, writable: true, configurable: true });
    prototype.clone = clone;
    Reflect.deleteProperty(prototype, "webSocket");
  };
}

function checkStatus(status: number | undefined): void {
  if (status === undefined || (status >= 200 && status <= 599)) return;
  throw new RangeError("Responses may only be constructed with status codes in the range 200 to 599, inclusive.");
}

function check(body: unknown, { status }: ResponseInit, socket: unknown): void {
  if (!behind(socket)) {
    throw new TypeError(
      "Incorrect type for the 'webSocket' field on 'InitializerDict': the provided value is not of type 'WebSocket'.",
    );
  }
  if (status !== 101) throw new RangeError("Responses with a WebSocket must have status code 101.");
  if (body !== null && body !== undefined) {
    throw new TypeError("Response with null body status (101, 204, 205, or 304) cannot have a body.");
  }
}

/** Of another response given as `init`: its properties are accessors, which a spread does not copy. */
function headersOf(init: ResponseInit | undefined): { headers?: HeadersInit } {
  return init?.headers ? { headers: init.headers } : {};
}
