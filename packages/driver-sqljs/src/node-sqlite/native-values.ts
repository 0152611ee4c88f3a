/** native-values.ts
 * Values between JavaScript and SQLite as `node:sqlite` converts them: numbers are REAL, bigints INTEGER of 64 bits, texts UTF-8. */
import type { SqljsEngine } from "../engine.js";
import { VARIABLE_BYTES } from "../struct-facts.js";
import { nodeError } from "./node-error.js";

export type SQLOutputValue = null | number | bigint | string | Uint8Array;

const INTEGER = 1;
const FLOAT = 2;
const TEXT = 3;
const BLOB = 4;
const TRANSIENT = -1;
const OK = 0;

/** The text SQLite gets: what is no Unicode becomes U+FFFD. */
export function toUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes of anything that holds bytes; `undefined` for everything else. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    return value.byteLength === 0 ? new Uint8Array(0) : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  const isBuffer =
    value instanceof ArrayBuffer || (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer);
  if (!isBuffer) return undefined;
  const buffer = value as ArrayBuffer;
  return buffer.byteLength === 0 ? new Uint8Array(0) : new Uint8Array(buffer);
}

/** Binds one value and returns SQLite's result code.
 * @throws Error `ERR_INVALID_ARG_TYPE` for a value that has no counterpart, `ERR_INVALID_ARG_VALUE` for a bigint beyond 64 bits */
export function bindNative(engine: SqljsEngine, statement: number, index: number, value: unknown): number {
  const { module } = engine;
  if (value === null) return module._sqlite3_bind_text(statement, index, 0, 0, 0);
  if (typeof value === "number") return module._sqlite3_bind_double(statement, index, value);
  if (typeof value === "boolean") return module._sqlite3_bind_int(statement, index, value ? 1 : 0);
  if (typeof value === "bigint") return bindInt64(engine, statement, index, value);
  if (typeof value === "string") {
    const bytes = toUtf8(value);
    return engine.withBytes(bytes, (at) => module._sqlite3_bind_text(statement, index, at, bytes.length, TRANSIENT));
  }
  const bytes = bytesOf(value);
  if (!bytes) throw nodeError("ERR_INVALID_ARG_TYPE", `Provided value cannot be bound to SQLite parameter ${index}.`);
  return engine.withBytes(bytes, (at) => module._sqlite3_bind_blob(statement, index, at, bytes.length, TRANSIENT));
}

/** Stock sql.js binds integers of 32 bits; the other half is written beside them. */
function bindInt64(engine: SqljsEngine, statement: number, index: number, value: bigint): number {
  if (BigInt.asIntN(64, value) !== value) throw nodeError("ERR_INVALID_ARG_VALUE", "BigInt value is too large to bind.");
  if (BigInt.asIntN(32, value) === value) return engine.module._sqlite3_bind_int(statement, index, Number(value));
  const { variables } = engine.facts;
  if (variables === undefined)
    throw nodeError("ERR_OUT_OF_RANGE", `This sql.js binds no integers of more than 32 bits: ${value}.`);
  const code = engine.module._sqlite3_bind_int(statement, index, 0);
  if (code !== OK) return code;
  engine.memory.view.setBigInt64(engine.memory.pointer(statement + variables) + (index - 1) * VARIABLE_BYTES, value, true);
  return OK;
}

/** Reads a value through one of SQLite's two interfaces: a column of a row, or an argument of a function. */
export interface NativeReader {
  type(): number;
  double(): number;
  text(): number;
  blob(): number;
  bytes(): number;
}

/** @throws RangeError `ERR_OUT_OF_RANGE` for an integer that a number cannot hold */
export function readNative(engine: SqljsEngine, reader: NativeReader, asBigInt: boolean): SQLOutputValue {
  switch (reader.type()) {
    case INTEGER:
      return readInteger(engine, reader, asBigInt);
    case FLOAT:
      return reader.double();
    case TEXT: {
      const at = reader.text();
      return engine.text.read(at, reader.bytes());
    }
    case BLOB: {
      const at = reader.blob();
      return engine.memory.bytes.slice(at, at + reader.bytes());
    }
    default:
      return null;
  }
}

function readInteger(engine: SqljsEngine, reader: NativeReader, asBigInt: boolean): number | bigint {
  const near = reader.double();
  if (Math.abs(near) <= Number.MAX_SAFE_INTEGER) return asBigInt ? BigInt(near) : near;
  const at = reader.text();
  const exact = BigInt(engine.text.read(at, reader.bytes()));
  if (asBigInt) return exact;
  if (exact === -(2n ** 63n)) return -(2 ** 63); // node:sqlite lets this one pass
  throw nodeError("ERR_OUT_OF_RANGE", `Value is too large to be represented as a JavaScript number: ${exact}`);
}
