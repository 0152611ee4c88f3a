/** `ctx.facets`: objects inside an object, each with a class and storage of its own. */
import { notOfType, shapeAsPlatform } from "@holdfast/core";
import type { ObjectId } from "../durable-object-id.js";
import type { DurableObjectStub } from "../durable-object-stub.js";
import type { ObjectFacets } from "./object-facets.js";

export interface FacetStartupOptions {
  /** A class of `ctx.exports`, or one of them called with `{ props }`. */
  class: object;
  /** The facet's `ctx.id`; the object's own if left out. */
  id?: ObjectId | string;
}

/** A stub without the id that objects of namespaces have. */
export type FacetStub<T = unknown> = Omit<DurableObjectStub<T>, "id" | "name">;

export class DurableObjectFacets {
  readonly #facets: () => ObjectFacets;

  /** Made for an object's `ctx` only. */
  constructor(facets: () => ObjectFacets) {
    this.#facets = facets;
  }

  /** A stub for the facet of this name. It starts at the first call, if it is not running; then `getStartupOptions` says what it is.
   * @throws TypeError for wrong arguments; calls reject with what `getStartupOptions` throws */
  get<T = unknown>(name: string, getStartupOptions: () => FacetStartupOptions | Promise<FacetStartupOptions>): FacetStub<T>;
  get(...args: unknown[]): object {
    const [name, getStartupOptions] = args;
    if (args.length === 0) throw notOfType("get", "DurableObjectFacets", 1, "string");
    if (typeof getStartupOptions !== "function") throw notOfType("get", "DurableObjectFacets", 2, "function");
    return this.#facets().stub(facetName(name), getStartupOptions as () => unknown);
  }

  /** Ends the running facet: its calls fail with `reason`, its stubs stay broken. Its storage stays. @throws TypeError */
  abort(name: string, reason: unknown): void;
  abort(...args: unknown[]): void {
    if (args.length === 0) throw notOfType("abort", "DurableObjectFacets", 1, "string");
    if (args.length === 1) throw notOfType("abort", "DurableObjectFacets", 2, "Value");
    const [name, reason] = args;
    const isObject = typeof reason === "object" && reason !== null;
    this.#facets().abort(facetName(name), isObject ? reason : new Error(String(reason)));
  }

  /** Ends the facet and deletes its storage, and that of facets inside it, at once: also if this turn fails. @throws TypeError */
  delete(name: string): void;
  delete(...args: unknown[]): void {
    if (args.length === 0) throw notOfType("delete", "DurableObjectFacets", 1, "string");
    this.#facets().delete(facetName(args[0]));
  }

  /** Replaces the storage of `target` by a copy of that of `source`, as it is now, facets inside it included. A running `target` ends. If the
   * process dies meanwhile, `target` may be empty, or lack facets inside it. @throws TypeError */
  clone(source: string, target: string): void;
  clone(...args: unknown[]): void {
    if (args.length < 2) throw notOfType("clone", "DurableObjectFacets", args.length + 1, "string");
    this.#facets().clone(facetName(args[0]), facetName(args[1]));
  }
}

shapeAsPlatform(DurableObjectFacets);

const MAX_NAME_BYTES = 256;

/** parity: facet-empty-name */
function facetName(given: unknown): string {
  const name = String(given);
  if (name === "") throw new TypeError("A facet's name must not be empty.");
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
    throw new TypeError(`Facet name is too long (max ${MAX_NAME_BYTES} characters).`);
  }
  return name;
}
