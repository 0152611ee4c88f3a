/** Values on their way between JavaScript and the instance's memory. */
import { decodeWtf8, encodeWtf8, type SqlValue } from "@holdfast/core/contract";
import { type Engine, SCRATCH_BYTES } from "./engine.js";

const TRANSIENT = -1;

const INTEGER = 1;
const FLOAT = 2;
const TEXT = 3;
const BLOB = 4;
const CELL_BYTES = 16;

/** Up to here a loop over characters beats the platform's coders. */
const SHORT = 48;

const encoder = new TextEncoder();

/** Binds one value; SQLite's result code. */
export function bindValue(engine: Engine, statement: number, index: number, value: SqlValue): number {
  const { exports } = engine;
  if (value === null) return exports.sqlite3_bind_null(statement, index);
  if (typeof value === "number") return exports.sqlite3_bind_double(statement, index, value);
  if (typeof value === "string") {
    const length = shortText(engine, value);
    if (length >= 0) return exports.sqlite3_bind_text(statement, index, engine.scratch, length, TRANSIENT);
    return withBytes(engine, encodeWtf8(value), (at, bytes) => exports.sqlite3_bind_text(statement, index, at, bytes, TRANSIENT));
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

/** Writes a text to the scratch memory and returns its length in bytes; -1 if it does not go there. */
function shortText(engine: Engine, text: string): number {
  const { bytes } = engine.memory;
  const { length } = text;
  if (length <= SHORT) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      bytes[engine.scratch + i] = code;
    }
    if (i === length) return length;
  }
  if (length * 3 > SCRATCH_BYTES || !text.isWellFormed()) return -1;
  return encoder.encodeInto(text, bytes.subarray(engine.scratch, engine.scratch + SCRATCH_BYTES)).written;
}

/** The columns of the row that `holdfast_step` left in the engine's cells, as fresh values. */
export function readRow(engine: Engine, columns: number): SqlValue[] {
  const { memory } = engine;
  const { view } = memory;
  const row: SqlValue[] = new Array(columns);
  for (let i = 0, at = engine.cells; i < columns; i++, at += CELL_BYTES) {
    switch (view.getInt32(at, true)) {
      case INTEGER:
      case FLOAT:
        row[i] = view.getFloat64(at + 8, true);
        break;
      case TEXT:
        row[i] = readText(memory.bytes, view.getUint32(at + 8, true), view.getInt32(at + 4, true));
        break;
      case BLOB: {
        const start = view.getUint32(at + 8, true);
        row[i] = memory.bytes.slice(start, start + view.getInt32(at + 4, true));
        break;
      }
      default:
        row[i] = null;
    }
  }
  return row;
}

function readText(bytes: Uint8Array, start: number, length: number): string {
  if (length <= SHORT) {
    let text = "";
    let i = 0;
    for (; i < length; i++) {
      const code = bytes[start + i] as number;
      if (code > 0x7f) break;
      text += String.fromCharCode(code);
    }
    if (i === length) return text;
  }
  return decodeWtf8(bytes.subarray(start, start + length));
}
