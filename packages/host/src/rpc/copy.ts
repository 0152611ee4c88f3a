/** rpc/copy.ts
 * Copies what crosses between an object and its callers (`spec/runtime` §6.3): values as structured clones, functions and `RpcTarget`s by
 * reference. JavaScript's own `structuredClone` accepts class instances that the platform refuses, and no function. */
import { deserialize, serialize } from "@holdfast/core";
import { DurableObject, RpcTarget } from "../cloudflare-workers.js";
import { DurableObjectId } from "../durable-object-id.js";
import { DurableObjectState } from "../durable-object-state.js";
import { socketOf } from "../web-socket/web-socket-response.js";

/** `spec/runtime` §6.3 */
const MAX_BYTES = 32 * 1024 * 1024;

/** Makes the other side's reference to a function or an `RpcTarget`. */
export type Wrap = (target: object) => unknown;

const references = new WeakSet<object>();

/** Declares a value to be a reference already: it crosses as it is. */
export function markReference<T extends object>(reference: T): T {
  references.add(reference);
  return reference;
}

const refusedReferences = new WeakMap<object, string>();

/** Declares a value to be a reference that does not cross, and with what words. */
export function markRefused<T extends object>(reference: T, message: string): T {
  refusedReferences.set(reference, message);
  return reference;
}

/** The arguments of a call, in an array of their own. @throws as {@link copyAcross} */
export function copyArguments(args: readonly unknown[], wrap: Wrap): unknown[] {
  return args.length < 16 && args.every(isSmall) ? [...args] : copyAcross([...args], wrap);
}

/** Whether there is nothing to copy, nor to measure. */
function isSmall(value: unknown): boolean {
  if (typeof value === "string") return value.length < 1024;
  return value === null || (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol");
}

/** @throws DOMException `DataCloneError` for what cannot be copied; Error for more than 32 MiB */
export function copyAcross<T>(value: T, wrap: Wrap): T {
  if (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol" && typeof value !== "string")
    return value;
  const copier = new Copier(wrap);
  const copy = copier.copy(value) as T;
  // The exact size is what the platform's encoding takes; looked at when it may matter.
  if (copier.bytes > MAX_BYTES / 2) checkSize(value);
  return copy;
}

function checkSize(value: unknown): void {
  let bytes: number;
  try {
    bytes = serialize(value).length;
  } catch {
    return; // it has references, and so no size of its own
  }
  if (bytes <= MAX_BYTES) return;
  throw new Error(
    `Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: ${bytes} bytes.`,
  );
}

class Copier {
  /** About how much has been copied. */
  bytes = 0;
  readonly #wrap: Wrap;
  readonly #copies = new Map<object, unknown>();

  constructor(wrap: Wrap) {
    this.#wrap = wrap;
  }

  copy(value: unknown): unknown {
    switch (typeof value) {
      case "string":
        this.bytes += value.length * 2;
        return value;
      case "symbol":
        throw new DOMException(`${String(value)} could not be cloned.`, "DataCloneError");
      case "function":
        return references.has(value) ? value : this.#wrap(value);
      case "object":
        return value === null ? null : this.#object(value);
      default:
        this.bytes += 8;
        return value;
    }
  }

  #object(value: object): unknown {
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const message = refusedReferences.get(value);
    if (message !== undefined) throw new DOMException(message, "DataCloneError");
    const socket = socketOf(value);
    if (socket) throw refused(socket);
    if (references.has(value) || isTransferred(value)) return value;
    if (value instanceof RpcTarget) return this.#remember(value, this.#wrap(value));
    if (Array.isArray(value)) return this.#properties(value, new Array(value.length));
    const prototype: unknown = Object.getPrototypeOf(value);
    const tag = Object.prototype.toString.call(value);
    if (prototype === Object.prototype && tag === "[object Object]") return this.#properties(value, {});
    if (value instanceof Map) {
      const copy = this.#remember(value, new Map<unknown, unknown>());
      for (const [key, one] of [...value]) copy.set(this.copy(key), this.copy(one));
      return copy;
    }
    if (value instanceof Set) {
      const copy = this.#remember(value, new Set<unknown>());
      for (const one of [...value]) copy.add(this.copy(one));
      return copy;
    }
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (isRefusedClass(value, prototype, tag)) throw refused(value);
    this.bytes += value instanceof ArrayBuffer ? value.byteLength : 32;
    return this.#remember(value, deserialize(serialize(value)));
  }

  #properties(value: object, copy: object): object {
    this.#remember(value, copy);
    for (const key of Object.keys(value)) {
      this.bytes += key.length + 8;
      const property = {
        value: this.copy((value as Record<string, unknown>)[key]),
        writable: true,
        enumerable: true,
        configurable: true,
      };
      Object.defineProperty(copy, key, property); // also `__proto__`
    }
    return copy;
  }

  /** Views of one buffer stay views of one buffer. */
  #view(view: ArrayBufferView): unknown {
    const { buffer, byteOffset } = view;
    this.bytes += view.byteLength;
    if (!(buffer instanceof ArrayBuffer)) throw new DOMException("#<SharedArrayBuffer> could not be cloned.", "DataCloneError");
    const copied = (this.#copies.get(buffer) ?? this.#remember(buffer, buffer.slice(0))) as ArrayBuffer;
    const length = view instanceof DataView ? view.byteLength : (view as Uint8Array).length;
    const Class = view.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;
    return this.#remember(view, new Class(copied, byteOffset, length));
  }

  #remember<T>(value: object, copy: T): T {
    this.#copies.set(value, copy);
    return copy;
  }
}

const TRANSFERRED = ["Request", "Response", "Headers", "ReadableStream", "WritableStream"] as const;

/** In one process these are handed over. */
function isTransferred(value: object): boolean {
  return TRANSFERRED.some((name) => {
    const Class = (globalThis as Record<string, unknown>)[name];
    return typeof Class === "function" && value instanceof Class;
  });
}

/** An instance of an application's class, an object without prototype, or one of ours. */
function isRefusedClass(value: object, prototype: unknown, tag: string): boolean {
  const isOurs = [DurableObjectId, DurableObjectState, DurableObject].some((Class) => value instanceof Class);
  return isOurs || (tag === "[object Object]" && prototype !== Object.prototype);
}

function refused(value: object): DOMException {
  const name = typeof value.constructor === "function" ? value.constructor.name : "Object";
  return new DOMException(
    `Could not serialize object of type "${name}". This type does not support serialization.`,
    "DataCloneError",
  );
}
