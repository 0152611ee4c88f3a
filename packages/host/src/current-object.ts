/** current-object.ts
 * Whose code is running.
 *
 * Where the platform has async context, it says so exactly, also in a continuation that runs outside any turn (after a timer or I/O that
 * is not gated). Elsewhere a plain pointer stands for the running turn: turns never overlap, and it is cleared when one ends; such a
 * continuation is then taken for nobody's. */
import type { ObjectInstance } from "./object-instance.js";

/** What `AsyncLocalStorage` of `node:async_hooks` offers, as far as it is used. */
export interface AsyncContext<T> {
  run<R>(store: T, use: () => R): R;
  getStore(): T | undefined;
}

let context: AsyncContext<ObjectInstance> | undefined;
let running: ObjectInstance | undefined;

/** Makes the platform's async context known. One serves every host of the process. */
export function useAsyncContext(make: () => AsyncContext<unknown>): void {
  context ??= make() as AsyncContext<ObjectInstance>;
}

/** The object whose code this is, if it is one's. */
export function currentObject(): ObjectInstance | undefined {
  return context ? context.getStore() : running;
}

/** Runs code of an object. */
export function runAs<R>(object: ObjectInstance, use: () => R): R {
  return context ? context.run(object, use) : use();
}

/** Says whose turn it is, where there is no async context. */
export function setCurrentObject(object: ObjectInstance | undefined): void {
  running = object;
}
