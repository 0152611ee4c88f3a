/** How JavaScript values become SQL values (`spec/sql` §1.1). */
import type { SqlValue } from "../contract/index.js";

/** Bytes are copied (parity: sql-blob-binding). @throws TypeError for a symbol, a bigint, or an object without a primitive value; what a `toString` throws */
export function toSqlValue(value: unknown): SqlValue {
  switch (typeof value) {
    case "undefined":
      return null;
    case "number":
      return Number.isNaN(value) ? null : value;
    case "string":
      return value;
    case "bigint":
      throw new TypeError("Cannot convert a BigInt value to a number");
    case "object":
      if (value === null) return null;
      return bytesOf(value) ?? String(value);
    default:
      return toText(value);
  }
}

/** `String(value)`, with the platform's text for a symbol. */
export function toText(value: unknown): string {
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
  return String(value);
}

function bytesOf(value: object): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    if (value.byteLength === 0) return new Uint8Array(0); // of a detached buffer, for one
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  }
  const shared = typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer;
  if (!(value instanceof ArrayBuffer || shared)) return undefined;
  return (value as ArrayBuffer).byteLength === 0 ? new Uint8Array(0) : new Uint8Array(value as ArrayBuffer).slice();
}

/** The reverse: what a cell looks like to the application (`spec/sql` §3). */
export type Cell = null | number | string | ArrayBuffer;

/** Turns a fresh row of a driver's into the application's, in place. */
export function toCells(row: SqlValue[]): Cell[] {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value === "object" && value !== null) (row as Cell[])[i] = bufferOf(value);
  }
  return row as Cell[];
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}
