/** Errors in the shape of Node's. */
import { SqliteFailure } from "@holdfast/driver-kit";

/** SQLite's own descriptions of its primary codes, where Node shows them. */
const DESCRIPTIONS: Readonly<Record<number, string>> = {
  1: "SQL logic error",
  5: "database is locked",
  6: "database table is locked",
  8: "attempt to write a readonly database",
  10: "disk I/O error",
  11: "database disk image is malformed",
  13: "database or disk is full",
  18: "string or blob too big",
  19: "constraint failed",
  20: "datatype mismatch",
  25: "column index out of range",
};

export function nodeError(code: string, message: string): Error {
  const ErrorClass = code === "ERR_INVALID_ARG_TYPE" ? TypeError : code === "ERR_OUT_OF_RANGE" ? RangeError : Error;
  return Object.assign(new ErrorClass(message), { code });
}

/** Runs `use`; SQLite's failures come out as Node's `ERR_SQLITE_ERROR`. */
export function rethrowAsNode<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof SqliteFailure)) throw error;
    const errstr = DESCRIPTIONS[error.code] ?? "unknown error";
    throw Object.assign(nodeError("ERR_SQLITE_ERROR", error.message), { errcode: error.extendedCode, errstr });
  }
}
