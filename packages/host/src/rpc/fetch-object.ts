/** `stub.fetch()` (`spec/runtime` §6.5). */
import { notOfType } from "@holdfast/core";
import { toRemoteError } from "../error-transport.js";
import { markFromOutside } from "../gated-streams.js";
import type { ObjectInstance } from "../object-instance.js";
import { handOver, socketOf } from "../web-socket/web-socket-response.js";

/** The request that the handler gets: a fresh one. @throws TypeError if it cannot be made */
export function requestFor(args: readonly unknown[]): Request {
  const [input, init] = args;
  if (args.length === 0) throw notOfType("fetch", "Fetcher", 1, "Request or string");
  if (input instanceof Request) return new Request(input, init as RequestInit | undefined);
  const url = String(input);
  if (!URL.canParse(url)) throw new TypeError(`Invalid URL: ${url}`);
  return withUpgrade(new Request(url, init as RequestInit | undefined), init as RequestInit | undefined);
}

/** Browsers drop this header of requests, which ask for a WebSocket by it. */
function withUpgrade(request: Request, init: RequestInit | undefined): Request {
  const upgrade = init?.headers && !request.headers.has("Upgrade") ? new Headers(init.headers).get("Upgrade") : null;
  if (upgrade === null) return request;
  return Object.defineProperty(request, "headers", { value: new Headers([...request.headers, ["Upgrade", upgrade]]) });
}

/** Runs a class's handler. Exceptions travel to the caller; they do not become a response. `caller`: whose the WebSocket of a response is. */
export async function fetchObject(
  object: object,
  request: Request,
  { enhancedErrors, caller }: { readonly enhancedErrors: boolean; readonly caller: ObjectInstance | undefined },
): Promise<Response> {
  try {
    const { fetch } = object as { fetch?: unknown };
    if (typeof fetch !== "function") throw new Error("Handler does not export a fetch() function.");
    const response: unknown = await Reflect.apply(fetch, object, [markFromOutside(request)]);
    if (response instanceof Response) return answered(response, request, caller);
    throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
  } catch (error) {
    throw toRemoteError(error, enhancedErrors);
  }
}

/** @throws TypeError for a WebSocket that nobody asked for */
function answered(response: Response, request: Request, caller: ObjectInstance | undefined): Response {
  if (!socketOf(response)) return markFromOutside(response);
  if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket") {
    throw new TypeError(
      'Worker tried to return a WebSocket in a response to a request which did not contain the header "Upgrade: websocket".',
    );
  }
  handOver(response, caller);
  return response;
}

/** What a reset looks like through `fetch()`: marked as coming from there, which it is not through a method (`spec/runtime` §4.4). */
export function markRemote(error: unknown): unknown {
  if (!(error instanceof Error) || "remote" in error) return error;
  const copy = new Error(error.message);
  const flags = { name: error.name, stack: error.stack };
  for (const [key, value] of Object.entries(flags))
    Object.defineProperty(copy, key, { value, writable: true, configurable: true });
  return Object.assign(copy, error, { remote: true });
}
