/** kv/codec/serialize.ts
 * JavaScript value to stored bytes, as the platform writes them (`spec/kv` §3), without `node:v8`, so that browsers write the same. */
import { ByteWriter } from "./byte-writer.js";
import { classOf, isDetached, refusal } from "./class-of.js";
import { ENHANCED_ERRORS, ERROR_CLASSES, ErrorTag, HostTag, NAMED_ERROR, REGEXP_FLAGS, Tag, VERSION, VIEWS } from "./wire.js";

/** The serialised value. Getters of the value run.
 * @param most bytes it may have; any number if left out
 * @param enhancedErrors whether errors keep their own properties and names (`spec/kv` §3.1); not if left out
 * @throws DOMException `DataCloneError` if something in it cannot be cloned; Error `string or blob too big: SQLITE_TOOBIG` */
export function serialize(value: unknown, most?: number, enhancedErrors = false): Uint8Array {
  if (typeof value === "number" && value >= 0 && value < SMALL && Number.isInteger(value) && !Object.is(value, -0))
    return smallInteger(value);
  const writer = new Serializer(most, enhancedErrors);
  writer.write(value);
  return writer.finish();
}

/** Twice of it fits into three bytes of a varint. */
const SMALL = 2 ** 20;

/** The most frequent kind of value, without the machinery. */
function smallInteger(value: number): Uint8Array {
  const twice = value * 2;
  const length = twice < 1 << 7 ? 4 : twice < 1 << 14 ? 5 : 6;
  const bytes = new Uint8Array(length);
  bytes[0] = Tag.HEADER;
  bytes[1] = VERSION;
  bytes[2] = Tag.INT32;
  for (let i = 3; i < length; i++) bytes[i] = ((twice >> (7 * (i - 3))) & 0x7f) | (i === length - 1 ? 0 : 0x80);
  return bytes;
}

const isLatin1 = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
};

const varintBytes = (value: number): number => {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
};

/** An own key that is an array index, as a number. */
function arrayIndex(key: string): number | undefined {
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index < 2 ** 32 - 1 && String(index) === key ? index : undefined;
}

function notCloneable(what: string): DOMException {
  return new DOMException(`${what} could not be cloned.`, "DataCloneError");
}

class Serializer {
  readonly #out: ByteWriter;
  /** Made when the first object comes. */
  #ids: Map<object, number> | undefined;

  readonly #enhancedErrors: boolean;

  constructor(most: number | undefined, enhancedErrors: boolean) {
    this.#enhancedErrors = enhancedErrors;
    this.#out = new ByteWriter(most);
    this.#out.byte(Tag.HEADER);
    this.#out.varint(VERSION);
  }

  finish(): Uint8Array {
    return this.#out.finish();
  }

  write(value: unknown): void {
    const out = this.#out;
    switch (typeof value) {
      case "undefined":
        return out.byte(Tag.UNDEFINED);
      case "boolean":
        return out.byte(value ? Tag.TRUE : Tag.FALSE);
      case "number":
        return this.#number(value);
      case "bigint":
        out.byte(Tag.BIGINT);
        return this.#bigint(value);
      case "string":
        return this.#string(value);
      case "symbol":
        throw notCloneable(String(value));
      case "function":
        throw notCloneable(String(value));
      default:
        return value === null ? out.byte(Tag.NULL) : this.#object(value as object);
    }
  }

  #number(value: number): void {
    if (Number.isInteger(value) && value >= -(2 ** 30) && value < 2 ** 30 && !Object.is(value, -0)) {
      this.#out.byte(Tag.INT32);
      this.#out.zigzag(value);
    } else {
      this.#out.byte(Tag.DOUBLE);
      this.#out.double(value);
    }
  }

  #bigint(value: bigint): void {
    const hex = value === 0n ? "" : (value < 0n ? -value : value).toString(16);
    const padded = hex.padStart(Math.ceil(hex.length / 16) * 16, "0"); // whole 64-bit digits
    const digits = Uint8Array.from({ length: padded.length / 2 }, (_, i) =>
      Number.parseInt(padded.substr(padded.length - 2 * i - 2, 2), 16),
    );
    this.#out.varint(digits.length * 2 + (value < 0n ? 1 : 0));
    this.#out.bytes(digits);
  }

  #string(text: string): void {
    const out = this.#out;
    if (isLatin1(text)) {
      out.byte(Tag.LATIN1);
      out.varint(text.length);
      out.latin1(text);
      return;
    }
    const bytes = text.length * 2;
    if ((out.length + 1 + varintBytes(bytes)) % 2 === 1) out.byte(Tag.PADDING); // two-byte data starts at an even offset
    out.byte(Tag.UTF16);
    out.varint(bytes);
    out.utf16(text);
  }

  #object(object: object): void {
    this.#ids ??= new Map();
    // A view's buffer comes first and takes its id first.
    if (ArrayBuffer.isView(object) && !this.#ids.has(object)) this.#object(object.buffer);
    const known = this.#ids.get(object);
    if (known !== undefined) {
      this.#out.byte(Tag.REFERENCE);
      this.#out.varint(known);
      return;
    }
    this.#ids.set(object, this.#ids.size);
    if (ArrayBuffer.isView(object)) return this.#view(object);
    if (Array.isArray(object)) return this.#array(object);
    switch (classOf(object)) {
      case "Object":
        return this.#plain(object);
      case "Date":
        this.#out.byte(Tag.DATE);
        return this.#out.double((object as Date).getTime());
      case "RegExp":
        return this.#regExp(object as RegExp);
      case "Map":
        return this.#entries(Tag.MAP, entriesOf(object as Map<unknown, unknown>), Tag.MAP_END);
      case "Set":
        return this.#entries(Tag.SET, valuesOf(object as Set<unknown>), Tag.SET_END);
      case "ArrayBuffer":
        return this.#buffer(object as ArrayBuffer);
      case "Error":
        return this.#enhancedErrors ? this.#enhancedError(object as Error) : this.#error(object as Error);
      case "Number":
        this.#out.byte(Tag.NUMBER_OBJECT);
        return this.#out.double(Number(object));
      case "String":
        this.#out.byte(Tag.STRING_OBJECT);
        return this.#string(String(object));
      case "Boolean":
        return this.#out.byte(Boolean.prototype.valueOf.call(object) ? Tag.TRUE_OBJECT : Tag.FALSE_OBJECT);
      case "BigInt":
        this.#out.byte(Tag.BIGINT_OBJECT);
        return this.#bigint(BigInt.prototype.valueOf.call(object));
      default:
        throw refusal(object);
    }
  }

  #plain(object: object): void {
    this.#out.byte(Tag.OBJECT);
    const count = this.#properties(object, Object.keys(object));
    this.#out.byte(Tag.OBJECT_END);
    this.#out.varint(count);
  }

  /** Key and value pairs; returns how many. A key that a getter removed meanwhile is passed over. */
  #properties(object: object, keys: readonly string[]): number {
    let count = 0;
    for (const key of keys) {
      if (!Object.hasOwn(object, key)) continue;
      const value = (object as Record<string, unknown>)[key];
      const index = arrayIndex(key);
      if (index === undefined) this.#string(key);
      else this.#number(index);
      this.write(value);
      count++;
    }
    return count;
  }

  #array(array: readonly unknown[]): void {
    const length = array.length;
    const keys = Object.keys(array);
    const dense = keys.length >= length && (length === 0 || keys[length - 1] === String(length - 1));
    if (!dense) {
      this.#out.byte(Tag.SPARSE_ARRAY);
      this.#out.varint(length);
      const count = this.#properties(array, keys);
      this.#out.byte(Tag.SPARSE_ARRAY_END);
      this.#out.varint(count);
      this.#out.varint(length);
      return;
    }
    this.#out.byte(Tag.DENSE_ARRAY);
    this.#out.varint(length);
    for (let i = 0; i < length; i++) {
      if (Object.hasOwn(array, i)) this.write(array[i]);
      else this.#out.byte(Tag.HOLE); // an earlier element's getter removed it
    }
    const count = this.#properties(array, keys.slice(length));
    this.#out.byte(Tag.DENSE_ARRAY_END);
    this.#out.varint(count);
    this.#out.varint(length);
  }

  #entries(start: number, values: readonly unknown[], end: number): void {
    this.#out.byte(start);
    for (const value of values) this.write(value);
    this.#out.byte(end);
    this.#out.varint(values.length);
  }

  #regExp(expression: RegExp): void {
    this.#out.byte(Tag.REGEXP);
    this.#string(expression.source);
    let bits = 0;
    for (const [flag, bit] of REGEXP_FLAGS) if (expression.flags.includes(flag)) bits |= bit;
    this.#out.varint(bits);
  }

  #buffer(buffer: ArrayBuffer): void {
    if (isDetached(buffer)) throw new DOMException("An ArrayBuffer is detached and could not be cloned.", "DataCloneError");
    this.#out.byte(isResizable(buffer) ? Tag.RESIZABLE_ARRAY_BUFFER : Tag.ARRAY_BUFFER);
    this.#out.varint(buffer.byteLength);
    if (isResizable(buffer)) this.#out.varint(buffer.maxByteLength);
    this.#out.bytes(new Uint8Array(buffer));
  }

  #view(view: ArrayBufferView): void {
    const name = view instanceof DataView ? "DataView" : (view as unknown as Record<symbol, string>)[Symbol.toStringTag];
    const known = VIEWS.find((candidate) => candidate.name === name);
    if (!known) throw refusal(view);
    this.#out.byte(Tag.VIEW);
    this.#out.byte(known.tag);
    this.#out.varint(view.byteOffset);
    this.#out.varint(view.byteLength);
    this.#out.varint(viewFlags(view, known.elementBytes));
  }

  /** An object of the platform's: its kind by its name, its message, and its other own properties, also those that are not enumerable. */
  #enhancedError(error: Error): void {
    const out = this.#out;
    out.byte(Tag.HOST_OBJECT);
    out.varint(HostTag.ENHANCED_ERROR);
    const [kind = NAMED_ERROR] = ENHANCED_ERRORS.find(([, name]) => name === error.name) ?? [];
    out.varint(kind);
    if (kind === NAMED_ERROR) this.write(error.name);
    this.write(error.message);
    const others = Object.getOwnPropertyNames(error).filter((name) => name !== "name" && name !== "message");
    this.write(Object.fromEntries(others.map((name) => [name, (error as unknown as Record<string, unknown>)[name]])));
  }

  #error(error: Error): void {
    this.#out.byte(Tag.ERROR);
    const name = String(error.name);
    const known = ERROR_CLASSES.find(([, Class]) => Class.name === name);
    if (known) this.#out.byte(known[0]);
    const message = ownValue(error, "message");
    if (message !== undefined) {
      this.#out.byte(ErrorTag.MESSAGE);
      this.#string(String(message));
    }
    if (Object.hasOwn(error, "cause")) {
      this.#out.byte(ErrorTag.CAUSE);
      this.write(error.cause);
    }
    const stack: unknown = error.stack;
    if (typeof stack === "string") {
      this.#out.byte(ErrorTag.STACK);
      this.#string(stack);
    }
    this.#out.byte(ErrorTag.END);
  }
}

/** Keys and values in turn, whatever a subclass makes of iteration. */
function entriesOf(map: Map<unknown, unknown>): unknown[] {
  const entries: unknown[] = [];
  Map.prototype.forEach.call(map, (value, key) => entries.push(key, value));
  return entries;
}

function valuesOf(set: Set<unknown>): unknown[] {
  const values: unknown[] = [];
  Set.prototype.forEach.call(set, (value) => values.push(value));
  return values;
}

function ownValue(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

/** Bit 0: the view follows its buffer's length; bit 1: its buffer is resizable. */
function viewFlags(view: ArrayBufferView, elementBytes: number): number {
  return isResizable(view.buffer) ? (followsLength(view, elementBytes) ? 3 : 2) : 0;
}

/** JavaScript does not say whether a view follows its buffer's length; resizing a copy shows it. */
function followsLength(view: ArrayBufferView, elementBytes: number): boolean {
  const { buffer } = view;
  if (!isResizable(buffer) || view.byteOffset + view.byteLength + elementBytes <= buffer.byteLength) return false;
  const copy = structuredClone(view);
  const copied = copy.buffer as unknown as ResizableBuffer;
  const change = copied.byteLength + elementBytes <= copied.maxByteLength ? elementBytes : -elementBytes;
  if (copied.byteLength + change < 0) return false;
  copied.resize(copied.byteLength + change);
  return copy.byteLength === view.byteLength + change;
}

interface ResizableBuffer extends ArrayBuffer {
  readonly resizable: boolean;
  readonly maxByteLength: number;
  resize(byteLength: number): void;
}

function isResizable(buffer: ArrayBufferLike): buffer is ResizableBuffer {
  return (buffer as Partial<ResizableBuffer>).resizable === true;
}
