/** What Node gives: the default of `#parts`. */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers"; // not the global one, which is gated for code that runs in objects
import type { AsyncContext } from "@holdfast/host";

export { folderStore } from "@holdfast/store-fs";

export function random(count: number): Uint8Array {
  return new Uint8Array(randomBytes(count));
}

/** Queues a macrotask; tasks run in order. */
export function schedule(task: () => void): void {
  setImmediate(task);
}

export const asyncContext: (() => AsyncContext<unknown>) | undefined = () => new AsyncLocalStorage();
