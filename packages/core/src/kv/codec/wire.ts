/** kv/codec/wire.ts
 * Tags of the stored value format: V8's structured-clone wire format, version 15 (`spec/kv` §3.3).
 * All lengths and counts are unsigned LEB128 varints; every object takes the next reference id when its encoding starts. */

export const VERSION = 15;
/** Oldest and newest version that is read; data without a header is version 13. */
export const OLDEST_READ = 13;
export const NEWEST_READ = 16;

export const Tag = {
  HEADER: 0xff,
  PADDING: 0x00,
  UNDEFINED: 0x5f,
  NULL: 0x30,
  TRUE: 0x54,
  FALSE: 0x46,
  HOLE: 0x2d,
  INT32: 0x49,
  UINT32: 0x55,
  DOUBLE: 0x4e,
  BIGINT: 0x5a,
  BIGINT_OBJECT: 0x7a,
  LATIN1: 0x22,
  UTF16: 0x63,
  UTF8: 0x53,
  OBJECT: 0x6f,
  OBJECT_END: 0x7b,
  DENSE_ARRAY: 0x41,
  DENSE_ARRAY_END: 0x24,
  SPARSE_ARRAY: 0x61,
  SPARSE_ARRAY_END: 0x40,
  DATE: 0x44,
  TRUE_OBJECT: 0x79,
  FALSE_OBJECT: 0x78,
  NUMBER_OBJECT: 0x6e,
  STRING_OBJECT: 0x73,
  REGEXP: 0x52,
  MAP: 0x3b,
  MAP_END: 0x3a,
  SET: 0x27,
  SET_END: 0x2c,
  ARRAY_BUFFER: 0x42,
  RESIZABLE_ARRAY_BUFFER: 0x7e,
  VIEW: 0x56,
  REFERENCE: 0x5e,
  ERROR: 0x72,
  HOST_OBJECT: 0x5c,
} as const;

/** Inside an error: what follows. */
export const ErrorTag = { MESSAGE: 0x6d, STACK: 0x73, CAUSE: 0x63, END: 0x2e } as const;

/** Inside an error: its class, if not `Error`. */
export const ERROR_CLASSES: readonly (readonly [number, ErrorConstructor])[] = [
  [0x45, EvalError],
  [0x52, RangeError],
  [0x46, ReferenceError],
  [0x53, SyntaxError],
  [0x54, TypeError],
  [0x55, URIError],
];

/** `g i m y u s d v` and their bits. */
export const REGEXP_FLAGS: readonly (readonly [string, number])[] = [
  ["g", 1],
  ["i", 2],
  ["m", 4],
  ["y", 8],
  ["u", 16],
  ["s", 32],
  ["d", 128],
  ["v", 256],
];

/** What follows {@link Tag.HOST_OBJECT}. */
export const HostTag = { ENHANCED_ERROR: 10 } as const;

/** The kind of an enhanced error whose name is none of {@link ENHANCED_ERRORS}: the name follows. */
export const NAMED_ERROR = 0;

/** Kinds of enhanced errors, by name. */
export const ENHANCED_ERRORS: readonly (readonly [number, string])[] = [
  [1, "Error"],
  [2, "TypeError"],
  [3, "RangeError"],
  [4, "ReferenceError"],
  [5, "SyntaxError"],
  [10, "EvalError"],
  [11, "URIError"],
  [12, "AggregateError"],
  [13, "SuppressedError"],
];

export interface ViewClass {
  readonly tag: number;
  readonly name: string;
  /** Bytes in an element; a view's offset and length must be multiples of it. */
  readonly elementBytes: number;
  /** Absent where the platform lacks the class. parity: value/float16array */
  readonly construct: (new (buffer: ArrayBuffer, offset?: number, length?: number) => ArrayBufferView) | undefined;
}

const view = (tag: number, name: string, elementBytes: number): ViewClass => ({
  tag,
  name,
  elementBytes,
  construct: (globalThis as Record<string, unknown>)[name] as ViewClass["construct"],
});

export const VIEWS: readonly ViewClass[] = [
  view(0x62, "Int8Array", 1),
  view(0x42, "Uint8Array", 1),
  view(0x43, "Uint8ClampedArray", 1),
  view(0x77, "Int16Array", 2),
  view(0x57, "Uint16Array", 2),
  view(0x64, "Int32Array", 4),
  view(0x44, "Uint32Array", 4),
  view(0x68, "Float16Array", 2),
  view(0x66, "Float32Array", 4),
  view(0x46, "Float64Array", 8),
  view(0x71, "BigInt64Array", 8),
  view(0x51, "BigUint64Array", 8),
  view(0x3f, "DataView", 1),
];
