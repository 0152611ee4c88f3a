/** kv/codec/class-of.ts
 * Which kind of object a value is, for the codec: by internal slots, not by what an application may have put on top. */

export type ObjectKind =
  | "Object"
  | "Date"
  | "RegExp"
  | "Map"
  | "Set"
  | "ArrayBuffer"
  | "Error"
  | "Number"
  | "String"
  | "Boolean"
  | "BigInt"
  | "refused";

const getter = (prototype: object, key: string): ((this: unknown) => unknown) =>
  Object.getOwnPropertyDescriptor(prototype, key)?.get as (this: unknown) => unknown;

/** Each reads an internal slot and throws if the object does not have it. */
const PROBES: readonly (readonly [ObjectKind, (this: never) => unknown])[] = [
  ["Date", Date.prototype.getTime],
  ["Map", getter(Map.prototype, "size")],
  ["Set", getter(Set.prototype, "size")],
  ["ArrayBuffer", getter(ArrayBuffer.prototype, "byteLength")],
  ["Number", Number.prototype.valueOf],
  ["String", String.prototype.valueOf],
  ["Boolean", Boolean.prototype.valueOf],
  ["BigInt", BigInt.prototype.valueOf],
];

/** Classes whose objects are not values (`spec/kv` §3.2), as far as the platform has them. parity: value/sharedarraybuffer, value-host-types */
const REFUSED_CLASSES = "WeakMap WeakSet WeakRef Promise SharedArrayBuffer";
const RUNTIME_CLASSES =
  "URL URLSearchParams FormData Blob Headers Request Response TextEncoder TextDecoder EventTarget Event WebSocket CryptoKey " +
  "ReadableStream WritableStream TransformStream DOMException MessagePort";

/** Built-in tags of objects that are not values and have no class of their own to test for. */
const REFUSED_TAGS = /^(Generator|AsyncGenerator|.* Iterator|Arguments|Module|Symbol|Intl\..*|WebAssembly\..*)$/;

/** The classes by name, looked up at each use: some, like `WebSocket`, appear later or not at all. */
function isInstance(object: object, names: string): string | undefined {
  return names.split(" ").find((name) => {
    const Class = (globalThis as Record<string, unknown>)[name];
    return typeof Class === "function" && object instanceof Class;
  });
}

/** A Proxy cannot be told from what it stands for (parity: value/proxy). */
export function classOf(object: object): ObjectKind {
  const tag = Object.prototype.toString.call(object).slice(8, -1);
  const prototype: unknown = Object.getPrototypeOf(object);
  if (tag === "Object" && (prototype === Object.prototype || prototype === null)) return "Object";
  if (object instanceof RegExp || tag === "RegExp") return isRegExp(object) ? "RegExp" : "Object";
  for (const [kind, probe] of PROBES) if (hasSlot(object, probe)) return kind;
  if (isInstance(object, REFUSED_CLASSES) || isInstance(object, RUNTIME_CLASSES) || REFUSED_TAGS.test(tag)) return "refused";
  return tag === "Error" ? "Error" : "Object";
}

/** The error for an object that is not a value: name `DataCloneError`; the wording follows V8 (`spec/kv` §3.2). */
export function refusal(object: object): DOMException {
  const runtime = isInstance(object, RUNTIME_CLASSES);
  if (runtime) {
    const message = `Could not serialize object of type "${object.constructor.name}". This type does not support serialization.`;
    return new DOMException(message, "DataCloneError");
  }
  const tag = Object.prototype.toString.call(object);
  const own = isInstance(object, REFUSED_CLASSES);
  const [, inner] = /^\[object (?:Intl|WebAssembly)\.(.*)\]$/.exec(tag) ?? [];
  const shown = own || inner ? `#<${own ?? inner}>` : tag === "[object Arguments]" ? "#<Object>" : tag;
  return new DOMException(`${shown} could not be cloned.`, "DataCloneError");
}

export function isDetached(buffer: ArrayBuffer): boolean {
  const detached = (buffer as { detached?: boolean }).detached;
  if (detached !== undefined) return detached;
  // Before ES2024 only the failure to make a view of it tells.
  return (
    buffer.byteLength === 0 &&
    !hasSlot(buffer, function (this: ArrayBuffer) {
      return new Uint8Array(this);
    } as (this: never) => unknown)
  );
}

function hasSlot(object: object, probe: (this: never) => unknown): boolean {
  try {
    probe.call(object as never);
    return true;
  } catch {
    return false; // the probe's only way to say no
  }
}

function isRegExp(object: object): boolean {
  return hasSlot(object, getter(RegExp.prototype, "global") as (this: never) => unknown) && object !== RegExp.prototype;
}
