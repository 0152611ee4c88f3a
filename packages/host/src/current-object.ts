/** current-object.ts
 * Whose code is running, and in which scope of it.
 *
 * While a turn runs, a plain pointer says so: turns never overlap. Where the platform has async context, that tells also of a continuation
 * that runs outside any turn (after I/O that is not gated); elsewhere such a continuation is taken for nobody's. */
import type { Scope } from "@holdfast/core";
import type { ObjectInstance } from "./object-instance.js";

/** What `AsyncLocalStorage` of `node:async_hooks` offers, as far as it is used. */
export interface AsyncContext<T> {
  run<R>(store: T, use: () => R): R;
  getStore(): T | undefined;
}

interface Place {
  readonly object: ObjectInstance;
  readonly scope: Scope;
}

let context: AsyncContext<Place | undefined> | undefined;
let running: ObjectInstance | undefined;

/** Makes the platform's async context known. One serves every host of the process. */
export function useAsyncContext(make: () => AsyncContext<unknown>): void {
  context ??= make() as AsyncContext<Place | undefined>;
}

/** The object whose code this is, if it is one's. */
export function currentObject(): ObjectInstance | undefined {
  return context ? context.getStore()?.object : running;
}

/** The scope in which an object's code was begun that runs outside any turn, where that is known. */
export function scopeOutsideTurns(object: ObjectInstance): Scope | undefined {
  const place = context?.getStore();
  return place?.object === object ? place.scope : undefined;
}

/** Runs code of an object. */
export function runAs<R>(object: ObjectInstance, scope: Scope, use: () => R): R {
  return context ? context.run({ object, scope }, use) : use();
}

/** Runs what is started by an object's code and is not its own: a store's timers are not the object's. */
export function runAsNobody<R>(use: () => R): R {
  return context ? context.run(undefined, use) : use();
}

/** Says whose turn it is. */
export function setCurrentObject(object: ObjectInstance | undefined): void {
  running = object;
}
