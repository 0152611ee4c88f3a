/** Values on their way between JavaScript and the instance's memory. */
import { encodeWtf8, type SqlValue } from "@holdfast/core/contract";
import { TEXT_BYTES } from "@holdfast/vfs";
import { type Engine, RUN_BYTES } from "./engine.js";

const TRANSIENT = -1;

const INTEGER = 1;
const FLOAT = 2;
const TEXT = 3;
const BLOB = 4;
const CELL_BYTES = 16;

/** Binds one value; SQLite's result code. */
export function bindValue(engine: Engine, statement: number, index: number, value: SqlValue): number {
  const { exports } = engine;
  if (value === null) return exports.sqlite3_bind_null(statement, index);
  if (typeof value === "number") return exports.sqlite3_bind_double(statement, index, value);
  if (typeof value === "string") {
    const length = engine.text.write(value);
    if (length >= 0) return exports.sqlite3_bind_text(statement, index, engine.text.at, length, TRANSIENT);
    return withBytes(engine, encodeWtf8(value), (at, bytes) => exports.sqlite3_bind_text(statement, index, at, bytes, TRANSIENT));
  }
  if (value.length <= TEXT_BYTES) {
    engine.memory.bytes.set(value, engine.text.at); // SQLite copies it from there
    return exports.sqlite3_bind_blob(statement, index, engine.text.at, value.length, TRANSIENT);
  }
  return withBytes(engine, value, (at, bytes) => exports.sqlite3_bind_blob(statement, index, at, bytes, TRANSIENT));
}

/** Puts bytes into the heap while `use` runs. */
export function withBytes<T>(engine: Engine, bytes: Uint8Array, use: (pointer: number, bytes: number) => T): T {
  const pointer = engine.allocate(bytes.length);
  engine.memory.bytes.set(bytes, pointer);
  try {
    return use(pointer, bytes.length);
  } finally {
    engine.exports.free(pointer);
  }
}

/** Up to this many bytes a loop beats `slice`. */
const SHORT = 32;

/** Where short bytes go that nobody keeps: making an array costs more than filling it. */
const TRANSIENT_BYTES = Array.from({ length: SHORT + 1 }, (_, length) => new Uint8Array(length));

function copyOut(bytes: Uint8Array, start: number, length: number, isTransient: boolean): Uint8Array {
  if (length > SHORT) return bytes.slice(start, start + length);
  const copy = isTransient ? (TRANSIENT_BYTES[length] as Uint8Array) : new Uint8Array(length);
  for (let i = 0; i < length; i++) copy[i] = bytes[start + i] as number;
  return copy;
}

/** The columns of the row that `holdfast_step` left in the engine, as fresh values; its first bytes need not last if it is transient. */
export function readRow(engine: Engine, columns: number, isTransient: boolean): SqlValue[] {
  const { memory } = engine;
  const { view } = memory;
  const row: SqlValue[] = new Array(columns);
  let mayShare = isTransient;
  for (let i = 0, at = engine.run + RUN_BYTES; i < columns; i++, at += CELL_BYTES) {
    switch (view.getInt32(at, true)) {
      case INTEGER:
      case FLOAT:
        row[i] = view.getFloat64(at + 8, true);
        break;
      case TEXT:
        row[i] = engine.text.read(view.getUint32(at + 8, true), view.getInt32(at + 4, true));
        break;
      case BLOB: {
        row[i] = copyOut(memory.bytes, view.getUint32(at + 8, true), view.getInt32(at + 4, true), mayShare);
        mayShare = false; // two columns of one row do not share
        break;
      }
      default:
        row[i] = null;
    }
  }
  return row;
}
