/** kv/codec/deserialize.ts
 * Stored bytes to JavaScript value (`spec/kv` §3.3). The bytes may be damaged or hostile: every length is checked against what is left
 * before anything of that size is made, and whatever is not understood is an error, never a guess. */
import { ByteReader } from "./byte-reader.js";
import {
  ENHANCED_ERRORS,
  ERROR_CLASSES,
  ErrorTag,
  HostTag,
  NAMED_ERROR,
  NEWEST_READ,
  OLDEST_READ,
  REGEXP_FLAGS,
  Tag,
  VERSION,
  VIEWS,
} from "./wire.js";

/** @throws Error, if the bytes are not a value this version can read (parity: kv-unreadable-value) */
export function deserialize(bytes: Uint8Array): unknown {
  const small = smallInteger(bytes);
  if (small !== undefined) return small;
  try {
    return new Deserializer(bytes).readDocument();
  } catch (error) {
    if (error instanceof RangeError && error.message.includes("call stack")) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The stored value cannot be read: ${reason}`, { cause: error });
  }
}

/** The most frequent kind of value, without the machinery: an integer in this version's form, in up to four bytes. */
function smallInteger(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== Tag.HEADER || bytes[1] !== VERSION || bytes[2] !== Tag.INT32) return undefined;
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[3 + i];
    if (byte === undefined) return undefined;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value & 1 ? -(value + 1) / 2 : value / 2;
  }
  return undefined;
}

const NOTHING = Symbol("hole");

class Deserializer {
  readonly #in: ByteReader;
  readonly #objects: object[] = [];
  #version = OLDEST_READ;

  constructor(bytes: Uint8Array) {
    this.#in = new ByteReader(bytes);
  }

  readDocument(): unknown {
    if (this.#in.peek() === Tag.HEADER) {
      this.#in.byte();
      this.#version = this.#in.varint();
      if (this.#version < OLDEST_READ || this.#version > NEWEST_READ) throw new Error(`unknown format version ${this.#version}`);
    }
    return this.#read();
  }

  #tag(): number {
    let tag = this.#in.byte();
    while (tag === Tag.PADDING) tag = this.#in.byte();
    return tag;
  }

  #read(tag: number = this.#tag()): unknown {
    const value = this.#readAny(tag);
    if (value === NOTHING) throw new Error("a hole outside an array");
    return value;
  }

  #readAny(tag: number): unknown {
    const source = this.#in;
    switch (tag) {
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.TRUE:
        return true;
      case Tag.FALSE:
        return false;
      case Tag.HOLE:
        return NOTHING;
      case Tag.INT32:
        return source.zigzag();
      case Tag.UINT32:
        return source.varint();
      case Tag.DOUBLE:
        return source.double();
      case Tag.BIGINT:
        return this.#bigint();
      case Tag.LATIN1:
      case Tag.UTF16:
      case Tag.UTF8:
        return this.#string(tag);
      case Tag.REFERENCE:
        return this.#reference();
      default:
        return this.#object(tag);
    }
  }

  #object(tag: number): unknown {
    switch (tag) {
      case Tag.OBJECT: {
        const object = this.#remember({});
        this.#properties(object, Tag.OBJECT_END);
        return object;
      }
      case Tag.DENSE_ARRAY:
        return this.#denseArray();
      case Tag.SPARSE_ARRAY:
        return this.#sparseArray();
      case Tag.DATE:
        return this.#remember(new Date(this.#in.double()));
      case Tag.TRUE_OBJECT:
        return this.#remember(Object(true));
      case Tag.FALSE_OBJECT:
        return this.#remember(Object(false));
      case Tag.NUMBER_OBJECT:
        return this.#remember(Object(this.#in.double()));
      case Tag.BIGINT_OBJECT:
        return this.#remember(Object(this.#bigint()));
      case Tag.STRING_OBJECT: {
        const id = this.#reserve();
        return this.#fill(id, Object(this.#string(this.#tag())));
      }
      case Tag.REGEXP:
        return this.#regExp();
      case Tag.MAP:
        return this.#map();
      case Tag.SET:
        return this.#set();
      case Tag.ARRAY_BUFFER:
      case Tag.RESIZABLE_ARRAY_BUFFER:
        return this.#bufferAndView(tag);
      case Tag.ERROR:
        return this.#error();
      case Tag.HOST_OBJECT:
        return this.#hostObject();
      default:
        throw new Error(`unknown tag 0x${tag.toString(16)} at byte ${this.#in.offset - 1}`);
    }
  }

  #hostObject(): unknown {
    switch (this.#in.varint()) {
      case HostTag.ENHANCED_ERROR:
        return this.#enhancedError();
      default:
        throw new Error("it holds an object of the platform (Headers, Blob, DOMException, …) that this version cannot read");
    }
  }

  #remember<T extends object>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  /** Takes an id for an object that is made only after its parts are read. */
  #reserve(): number {
    return this.#objects.push(undefined as unknown as object) - 1;
  }

  #fill<T extends object>(id: number, object: T): T {
    this.#objects[id] = object;
    return object;
  }

  #reference(): unknown {
    const object = this.#objects[this.#in.varint()];
    if (!object) throw new Error("a reference to an object that is not there");
    return this.#viewOf(object);
  }

  #bigint(): bigint {
    const bits = this.#in.varint();
    const bytes = this.#in.bytes(Math.floor(bits / 2));
    let digits = "";
    for (let i = bytes.length - 1; i >= 0; i--) digits += (bytes[i] as number).toString(16).padStart(2, "0");
    const value = BigInt(`0x${digits || "0"}`);
    return bits % 2 === 1 ? -value : value;
  }

  #string(tag: number): string {
    const bytes = this.#in.bytes(this.#in.varint());
    switch (tag) {
      case Tag.LATIN1:
        return fromCharCodes(bytes);
      case Tag.UTF16: {
        if (bytes.length % 2 === 1) throw new Error("a two-byte string of odd length");
        const units = new Uint16Array(bytes.length / 2);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        for (let i = 0; i < units.length; i++) units[i] = view.getUint16(i * 2, true);
        return fromCharCodes(units);
      }
      case Tag.UTF8:
        return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      default:
        throw new Error("a string was expected");
    }
  }

  /** Key and value pairs up to an end tag and their count. */
  #properties(object: object, end: number): void {
    let count = 0;
    for (;;) {
      const tag = this.#tag();
      if (tag === end) break;
      const key = this.#readAny(tag);
      if (typeof key !== "string" && typeof key !== "number") throw new Error("a property name is neither text nor number");
      const value = this.#read();
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
      count++;
    }
    if (this.#in.varint() !== count) throw new Error("a wrong count of properties");
  }

  #denseArray(): unknown[] {
    const length = this.#in.varint();
    if (length > this.#in.remaining) throw new RangeError("the data ends too early");
    const array = this.#remember<unknown[]>([]); // grown as values come: many nested arrays may claim much and hold little
    for (let i = 0; i < length; i++) {
      const value = this.#readAny(this.#tag());
      if (value !== NOTHING) array[i] = value;
    }
    array.length = length;
    this.#properties(array, Tag.DENSE_ARRAY_END);
    if (this.#in.varint() !== length) throw new Error("a wrong array length");
    return array;
  }

  #sparseArray(): unknown[] {
    const length = this.#in.varint();
    if (length >= 2 ** 32) throw new Error("an array length out of range");
    const array = this.#remember<unknown[]>([]);
    array.length = length;
    this.#properties(array, Tag.SPARSE_ARRAY_END);
    if (this.#in.varint() !== length) throw new Error("a wrong array length");
    return array;
  }

  #regExp(): RegExp {
    const id = this.#reserve();
    const source = this.#string(this.#tag());
    const bits = this.#in.varint();
    const flags = REGEXP_FLAGS.filter(([, bit]) => (bits & bit) !== 0).map(([flag]) => flag);
    return this.#fill(id, new RegExp(source, flags.join("")));
  }

  #map(): Map<unknown, unknown> {
    const map = this.#remember(new Map<unknown, unknown>());
    let count = 0;
    for (let tag = this.#tag(); tag !== Tag.MAP_END; tag = this.#tag()) {
      const key = this.#read(tag);
      map.set(key, this.#read());
      count += 2;
    }
    if (this.#in.varint() !== count) throw new Error("a wrong size of a Map");
    return map;
  }

  #set(): Set<unknown> {
    const set = this.#remember(new Set<unknown>());
    let count = 0;
    for (let tag = this.#tag(); tag !== Tag.SET_END; tag = this.#tag()) {
      set.add(this.#read(tag));
      count++;
    }
    if (this.#in.varint() !== count) throw new Error("a wrong size of a Set");
    return set;
  }

  #bufferAndView(tag: number): unknown {
    const length = this.#in.varint();
    let buffer: ArrayBuffer;
    if (tag === Tag.RESIZABLE_ARRAY_BUFFER) {
      const maxByteLength = this.#in.varint();
      if (length > this.#in.remaining || maxByteLength < length) throw new RangeError("a buffer's length is out of range");
      const ResizableBuffer = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
      buffer = new ResizableBuffer(length, { maxByteLength });
      new Uint8Array(buffer).set(this.#in.bytes(length));
    } else {
      buffer = this.#in.bytes(length).slice().buffer as ArrayBuffer;
    }
    return this.#viewOf(this.#remember(buffer));
  }

  /** A view follows its buffer, or a reference to it; if none follows, the object itself. */
  #viewOf(object: object): object {
    if (!(object instanceof ArrayBuffer) || this.#in.peek() !== Tag.VIEW) return object;
    this.#in.byte();
    const tag = this.#in.byte();
    const known = VIEWS.find((candidate) => candidate.tag === tag);
    if (!known) throw new Error(`an unknown kind of array 0x${tag.toString(16)}`);
    if (!known.construct) throw new Error(`it holds a ${known.name}, which this platform does not have`);
    const offset = this.#in.varint();
    const bytes = this.#in.varint();
    const flags = this.#version >= 14 ? this.#in.varint() : 0;
    if (offset % known.elementBytes || bytes % known.elementBytes || offset + bytes > object.byteLength) {
      throw new RangeError("an array lies outside its buffer");
    }
    const length = (flags & 1) === 1 ? undefined : bytes / known.elementBytes;
    return this.#remember(new known.construct(object, offset, length));
  }

  /** Its own properties come back enumerable, the stack too. */
  #enhancedError(): Error {
    const error = this.#remember(new Error());
    const kind = this.#in.varint();
    const known = ENHANCED_ERRORS.find(([candidate]) => candidate === kind)?.[1];
    if (known === undefined && kind !== NAMED_ERROR) throw new Error(`an unknown kind of error ${kind}`);
    const given = kind === NAMED_ERROR ? { name: this.#read() } : undefined;
    const message = this.#read();
    const others = this.#read();
    if (typeof others !== "object" || others === null) throw new Error("an error without properties");
    const Class = (globalThis as Record<string, unknown>)[known ?? "Error"];
    const isHere = typeof Class === "function";
    Object.setPrototypeOf(error, isHere ? Class.prototype : Error.prototype);
    const hidden = { writable: true, enumerable: false, configurable: true };
    Object.defineProperty(error, "stack", { value: `${given ? given.name : known}: ${message}`, ...hidden });
    Object.defineProperty(error, "message", { value: message, ...hidden });
    const own = { ...(isHere ? given : { name: known }), ...others };
    for (const [name, value] of Object.entries(own)) Object.defineProperty(error, name, { value, ...hidden, enumerable: true });
    return error;
  }

  #error(): Error {
    const id = this.#reserve();
    let Class: ErrorConstructor = Error;
    let message: string | undefined;
    let stack: string | undefined;
    let cause: { value: unknown } | undefined;
    const error = this.#fill(id, new Error());
    for (let tag = this.#in.byte(); tag !== ErrorTag.END; tag = this.#in.byte()) {
      const known = ERROR_CLASSES.find(([candidate]) => candidate === tag);
      if (known) Class = known[1];
      else if (tag === ErrorTag.MESSAGE) message = this.#string(this.#tag());
      else if (tag === ErrorTag.STACK) stack = this.#string(this.#tag());
      else if (tag === ErrorTag.CAUSE) cause = { value: this.#read() };
      else throw new Error(`an unknown part of an error 0x${tag.toString(16)}`);
    }
    Object.setPrototypeOf(error, Class.prototype);
    const hidden = { writable: true, enumerable: false, configurable: true };
    Object.defineProperty(error, "stack", { value: stack, ...hidden });
    if (message !== undefined) Object.defineProperty(error, "message", { value: message, ...hidden });
    if (cause) Object.defineProperty(error, "cause", { value: cause.value, ...hidden });
    return error;
  }
}

/** `String.fromCharCode` in pieces: one call takes only so many arguments. */
function fromCharCodes(codes: Uint8Array | Uint16Array): string {
  let text = "";
  for (let at = 0; at < codes.length; at += 8192) text += String.fromCharCode(...codes.subarray(at, at + 8192));
  return text;
}
