/** Classes as `ctx.exports` gives them and `ctx.facets.get` takes them. */
import { notOfType } from "@holdfast/core";
import type { DurableObjectClass } from "../instance-parts.js";

/** A class, and the `ctx.props` of what is made of it. */
export interface ConfiguredClass {
  readonly Class: DurableObjectClass;
  readonly props: unknown;
}

const configured = new WeakMap<object, ConfiguredClass>();

/** Says what class a binding stands for. */
export function declareClass(binding: object, Class: DurableObjectClass): void {
  configured.set(binding, { Class, props: {} });
}

/** The class that a value of `ctx.exports` stands for. */
export function classBehind(value: unknown): ConfiguredClass | undefined {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject ? configured.get(value) : undefined;
}

/** A class of the worker without a binding: itself a class for facets, and called with `{ props }` one that has them. */
export function loopbackClass(Class: DurableObjectClass): object {
  function loopback(options: unknown): object {
    if (typeof options !== "object" || options === null) {
      throw notOfType("(called as function)", "LoopbackDurableObjectClass", 1, "Options");
    }
    const made = Object.create(null, { [Symbol.toStringTag]: { value: "DurableObjectClass" } });
    configured.set(made, { Class, props: (options as { props?: unknown }).props ?? {} });
    return made;
  }
  Object.defineProperty(loopback, Symbol.toStringTag, { value: "LoopbackDurableObjectClass", configurable: true });
  declareClass(loopback, Class);
  return loopback;
}
