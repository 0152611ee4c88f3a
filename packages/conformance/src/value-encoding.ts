/** Values as the recorded key-value cases write them (`encoding` in `cases/kv-cases.json`): plain JSON, and objects with a `$` kind. */

export interface Specials {
  readonly specialsPreamble: string;
  readonly specials: Readonly<Record<string, string>>;
}

type Encoded = Record<string, unknown> & { readonly $: string };

/** Makes the value that an encoded input stands for. */
export function decodeValue(encoded: unknown, specials: Specials): unknown {
  const decode = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(decode);
    if (typeof value !== "object" || value === null) return value;
    if (!("$" in value)) return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decode(part)]));
    return decodeKind(value as Encoded, decode, specials);
  };
  return decode(encoded);
}

function decodeKind(value: Encoded, decode: (value: unknown) => unknown, specials: Specials): unknown {
  const { v } = value;
  switch (value.$) {
    case "undefined":
      return undefined;
    case "num":
      return v === "-0" ? -0 : Number(v);
    case "bigint":
      return BigInt(String(v));
    case "Date":
      return new Date(v === null ? Number.NaN : Number(v));
    case "RegExp":
      return new RegExp(String(value["source"]), String(value["flags"]));
    case "Map":
      return new Map((v as [unknown, unknown][]).map(([key, item]) => [decode(key), decode(item)]));
    case "Set":
      return new Set((v as unknown[]).map(decode));
    case "ArrayBuffer":
      return fromHex(String(value["hex"])).buffer;
    case "special": {
      const source = specials.specials[String(v)];
      return new Function(`${specials.specialsPreamble}; return (${source})();`)();
    }
    case "repeat":
      return String(value["s"]).repeat(Number(value["n"]));
    case "inMs":
      return Date.now() + Number(value["ms"]);
    case "bytes":
      return new Uint8Array(Number(value["n"])).fill(1);
    case "keys":
      return Array.from({ length: Number(value["n"]) }, (_, i) => keyName(value["prefix"], i));
    case "entries":
      return Object.fromEntries(
        Array.from({ length: Number(value["n"]) }, (_, i) => [keyName(value["prefix"], i), decode(value["value"])]),
      );
    default: {
      const View = (globalThis as Record<string, unknown>)[value.$] as (new (buffer: ArrayBuffer) => unknown) | undefined;
      if (View && typeof value["hex"] === "string") return new View(fromHex(value["hex"]).buffer);
      throw new Error(`unknown kind of input ${value.$}`);
    }
  }
}

const keyName = (prefix: unknown, index: number): string => `${prefix}${String(index).padStart(4, "0")}`;

/** Writes a value down as the recordings do. */
export function encodeValue(value: unknown, ancestors: readonly unknown[] = []): unknown {
  switch (typeof value) {
    case "undefined":
      return { $: "undefined" };
    case "bigint":
      return { $: "bigint", v: String(value) };
    case "number":
      if (Object.is(value, -0)) return { $: "num", v: "-0" };
      return Number.isFinite(value) ? value : { $: "num", v: String(value) };
    case "string":
      return value.length > 256
        ? { $: "longString", length: value.length, head: value.slice(0, 8), tail: value.slice(-8) }
        : value;
    case "object":
      return value === null ? null : encodeObject(value, ancestors);
    default:
      return value;
  }
}

function encodeObject(object: object, ancestors: readonly unknown[]): unknown {
  const up = ancestors.indexOf(object);
  if (up >= 0) return { $: "cycle", up: up + 1 };
  const encode = (value: unknown) => encodeValue(value, [object, ...ancestors]);
  if (Array.isArray(object)) return encodeArray(object, encode);
  if (object instanceof Map) return { $: "Map", v: [...object].map(([key, value]) => [encode(key), encode(value)]) };
  if (object instanceof Set) return { $: "Set", v: [...object].map(encode) };
  if (object instanceof Date) return { $: "Date", v: Number.isNaN(object.getTime()) ? null : object.getTime() };
  if (object instanceof RegExp) return { $: "RegExp", source: object.source, flags: object.flags };
  if (object instanceof ArrayBuffer) return encodeBuffer(object);
  if (ArrayBuffer.isView(object)) return encodeView(object);
  if (object instanceof Error) return encodeError(object, encode);
  if (object instanceof Promise) return { $: "host", ctor: "Promise", tag: "Promise" };
  for (const type of [Number, String, Boolean, BigInt]) {
    if (object instanceof type) return { $: "boxed", type: type.name, v: encode(object.valueOf()) };
  }
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, encode(value)]));
}

function encodeArray(array: readonly unknown[], encode: (value: unknown) => unknown): unknown {
  const keys = Object.keys(array);
  const props = keys.filter((key) => !/^\d+$/.test(key));
  const items = keys.length - props.length;
  if (props.length > 0) {
    const values = array as unknown as Record<string, unknown>;
    return {
      $: "ArrayWithProps",
      v: array.map(encode),
      props: Object.fromEntries(props.map((key) => [key, encode(values[key])])),
    };
  }
  if (items < array.length && array.length > 100) {
    return { $: "sparse", length: array.length, entries: keys.map((key) => [key, encode(array[Number(key)])]) };
  }
  return Array.from({ length: array.length }, (_, i) => (Object.hasOwn(array, i) ? encode(array[i]) : { $: "hole" }));
}

function encodeBuffer(buffer: ArrayBuffer): unknown {
  const { resizable, maxByteLength } = buffer as ArrayBuffer & { resizable?: boolean; maxByteLength?: number };
  return { $: "ArrayBuffer", hex: toHex(new Uint8Array(buffer)), ...(resizable && { maxByteLength }) };
}

function encodeView(view: ArrayBufferView): unknown {
  const hex = toHex(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  const whole = view.byteLength === view.buffer.byteLength;
  const place = whole ? {} : { byteOffset: view.byteOffset, bufferByteLength: view.buffer.byteLength };
  return { $: view.constructor.name, hex, ...place };
}

function encodeError(error: Error, encode: (value: unknown) => unknown): unknown {
  const own = Object.getOwnPropertyNames(error);
  const apart = ["name", "message", "stack"];
  const others = own.filter((name) => !apart.includes(name));
  return {
    ...Object.fromEntries(others.map((name) => [name, encode((error as unknown as Record<string, unknown>)[name])])),
    $: "Error",
    ctor: error.constructor.name,
    name: error.name,
    message: error.message,
    own,
    hasStack: typeof error.stack === "string",
  };
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
