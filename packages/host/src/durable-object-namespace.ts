/** A binding to one class: makes ids and stubs (`spec/runtime` §5.2). */
import { notOfType } from "@holdfast/core";
import { DurableObjectId, type IdFactory, type ObjectId } from "./durable-object-id.js";
import { type DurableObjectStub, makeStub } from "./durable-object-stub.js";
import type { ObjectRegistry } from "./object-registry.js";

export interface GetOptions {
  /** Accepted and ignored: everything runs here. */
  locationHint?: string;
  /** Only `primary-only`. */
  routingMode?: string;
}

export interface NamespaceParts {
  readonly ids: IdFactory;
  readonly objects: ObjectRegistry;
  random(count: number): Uint8Array;
  /** How errors cross (`spec/runtime` §4.4). */
  readonly enhancedErrors: boolean;
}

export class DurableObjectNamespace<T = unknown> {
  readonly #ids: IdFactory;
  readonly #objects: ObjectRegistry;
  readonly #random: (count: number) => Uint8Array;
  readonly #enhancedErrors: boolean;

  /** Made by a host only. */
  constructor(parts: NamespaceParts) {
    this.#enhancedErrors = parts.enhancedErrors;
    this.#ids = parts.ids;
    this.#objects = parts.objects;
    this.#random = parts.random;
  }

  /** The id of a name; the same each time. */
  idFromName(name: string): ObjectId;
  idFromName(...name: unknown[]): ObjectId {
    if (name.length === 0) throw notOfType("idFromName", "DurableObjectNamespace", 1, "string");
    return this.#ids.fromName(toText(name[0]));
  }

  /** The id with these 64 hex digits. @throws TypeError if they are not an id of this namespace */
  idFromString(id: string): ObjectId;
  idFromString(...id: unknown[]): ObjectId {
    if (id.length === 0) throw notOfType("idFromString", "DurableObjectNamespace", 1, "string");
    return this.#ids.fromString(toText(id[0]));
  }

  /** A fresh id. @throws Error for a jurisdiction: there are none here */
  newUniqueId(options?: { jurisdiction?: string | null }): ObjectId {
    if (options !== undefined && options !== null && typeof options !== "object") {
      throw notOfType("newUniqueId", "DurableObjectNamespace", 1, "NewUniqueIdOptions");
    }
    refuseJurisdiction(options?.jurisdiction);
    return this.#ids.unique(this.#random(16));
  }

  /** This namespace, for no jurisdiction. @throws Error for any other */
  jurisdiction(name?: string | null): this {
    refuseJurisdiction(name);
    return this;
  }

  /** A stub for an object. Nothing starts before the first call.
   * @throws TypeError if `id` is no id, or another namespace's (parity: ns-foreign-id) */
  get(id: ObjectId, options?: GetOptions): DurableObjectStub<T> {
    if (!(id instanceof DurableObjectId)) throw notOfType("get", "DurableObjectNamespace", 1, "DurableObjectId");
    const mode = options?.routingMode;
    if (mode !== undefined && mode !== "primary-only") throw new RangeError(`unknown routingMode: ${mode}`);
    if (!this.#ids.owns(id.toString())) throw new TypeError("Durable Object ID is not valid for this namespace.");
    return makeStub(id, () => this.#objects.get(id), this.#enhancedErrors) as DurableObjectStub<T>;
  }

  /** `get(idFromName(name))`. */
  getByName(name: string, options?: GetOptions): DurableObjectStub<T> {
    return this.get(this.idFromName(name), options);
  }

  get [Symbol.toStringTag](): string {
    return "DurableObjectNamespace";
  }
}

function toText(value: unknown): string {
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
  return String(value);
}

function refuseJurisdiction(name: unknown): void {
  if (name !== undefined && name !== null) throw new Error("Jurisdiction restrictions are not implemented in workerd.");
}
