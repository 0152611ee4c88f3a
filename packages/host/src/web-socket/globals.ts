/** What code of objects finds under the platform's names: `WebSocketPair`, `WebSocketRequestResponsePair`, `WebSocket`, and responses with
 * a WebSocket. */
import { HoldfastError } from "@holdfast/core";
import { currentObject } from "../current-object.js";
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
  // Elsewhere on a platform without one, libraries that look for it are to find none.
  if (!before.some(([name, descriptor]) => name === "WebSocket" && descriptor)) {
    const { WebSocket: ours } = provided;
    Object.defineProperty(globals, "WebSocket", { get: () => (currentObject() ? ours : undefined), configurable: true });
  }
  const restoreResponse = provideResponse(globals as { Response?: typeof Response });
  return () => {
    restoreResponse();
    for (const [name, descriptor] of before) {
      const present = Object.getOwnPropertyDescriptor(globals, name);
      if (!present?.get && present?.value !== provided[name]) continue; // whoever replaced it after us puts it back
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

/** `new WebSocket(url)` makes the platform's own, where it has one; its events are not gated (parity: websocket-outgoing). Classes that extend it
 * extend the platform's. */
function withOutgoing(original: Constructor | undefined): unknown {
  const provided = function (...args: unknown[]): object {
    if (!original) throw new HoldfastError("HOLDFAST_UNSUPPORTED", "This platform has no WebSocket that connects to an address.");
    return Reflect.construct(original, args, (new.target as unknown) === provided ? original : (new.target ?? original));
  } as unknown as Constructor;
  const { prototype } = original ?? WebSocket;
  const constants = Object.getOwnPropertyDescriptors(WebSocket) as PropertyDescriptorMap;
  Object.defineProperties(provided, { ...constants, prototype: { value: prototype } });
  Object.defineProperty(provided, Symbol.hasInstance, {
    value: (value: unknown) => value instanceof WebSocket || (original !== undefined && value instanceof original),
  });
  return provided;
}
