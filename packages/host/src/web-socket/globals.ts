/** What code of objects finds under the platform's names: `WebSocketPair`, `WebSocketRequestResponsePair`, `WebSocket`, and responses with
 * a WebSocket. */
import { HoldfastError } from "@holdfast/core";
import { CloseEvent, ErrorEvent } from "./events.js";
import { WebSocket } from "./web-socket.js";
import { WebSocketPair, WebSocketRequestResponsePair } from "./web-socket-pair.js";
import { provideResponse } from "./web-socket-response.js";

type Constructor = new (...args: unknown[]) => object;

/** Provides them until what is returned is called. */
export function provideWebSockets(): () => void {
  const globals = globalThis as Record<string, unknown>;
  const provided: Record<string, unknown> = {
    CloseEvent,
    ErrorEvent,
    WebSocketPair: onlyWithNew(WebSocketPair),
    WebSocketRequestResponsePair: onlyWithNew(WebSocketRequestResponsePair),
    WebSocket: withOutgoing(globals["WebSocket"] as Constructor | undefined),
  };
  const before = Object.keys(provided).map((name) => [name, Object.getOwnPropertyDescriptor(globals, name)] as const);
  for (const [name, value] of Object.entries(provided)) {
    Object.defineProperty(globals, name, { value, writable: true, configurable: true });
  }
  const restoreResponse = provideResponse(globals as { Response?: typeof Response });
  return () => {
    restoreResponse();
    for (const [name, descriptor] of before) {
      if (globals[name] !== provided[name]) continue; // whoever replaced it after us puts it back
      if (descriptor) Object.defineProperty(globals, name, descriptor);
      else delete globals[name];
    }
  };
}

/** With the platform's words for a call without `new`. */
function onlyWithNew(Class: new (...args: never[]) => object): unknown {
  return new Proxy(Class, {
    apply: () => {
      throw new TypeError(
        `Failed to construct '${Class.name}': Please use the 'new' operator, this object constructor cannot be called as a function.`,
      );
    },
  });
}

/** `new WebSocket(url)` makes the platform's own, where it has one; its events are not gated (parity: websocket-outgoing). */
function withOutgoing(original: Constructor | undefined): unknown {
  return new Proxy(WebSocket, {
    construct: (_target, args) => {
      if (original) return new original(...args);
      throw new HoldfastError("HOLDFAST_UNSUPPORTED", "This platform has no WebSocket that connects to an address.");
    },
    get: (target, key) => {
      if (key !== Symbol.hasInstance) return Reflect.get(target, key);
      return (value: unknown) => value instanceof WebSocket || (original !== undefined && value instanceof original);
    },
  });
}
