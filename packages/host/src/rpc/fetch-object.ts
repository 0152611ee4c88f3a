/** `stub.fetch()` (`spec/runtime` §6.5). */
import { notOfType } from "@holdfast/core";
import { toRemoteError } from "../error-transport.js";

/** The request that the handler gets: a fresh one. @throws TypeError if it cannot be made */
export function requestFor(args: readonly unknown[]): Request {
  const [input, init] = args;
  if (args.length === 0) throw notOfType("fetch", "Fetcher", 1, "Request or string");
  if (input instanceof Request) return new Request(input, init as RequestInit | undefined);
  const url = String(input);
  if (!URL.canParse(url)) throw new TypeError(`Invalid URL: ${url}`);
  return new Request(url, init as RequestInit | undefined);
}

/** Runs a class's handler. Exceptions travel to the caller; they do not become a response. */
export async function fetchObject(object: object, request: Request, enhancedErrors: boolean): Promise<Response> {
  try {
    const { fetch } = object as { fetch?: unknown };
    if (typeof fetch !== "function") throw new Error("Handler does not export a fetch() function.");
    const response: unknown = await Reflect.apply(fetch, object, [request]);
    if (response instanceof Response) return response;
    throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
  } catch (error) {
    throw toRemoteError(error, enhancedErrors);
  }
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
