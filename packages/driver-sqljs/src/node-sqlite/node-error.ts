/** Errors in the shape of Node's. */
import { SqliteFailure } from "@holdfast/driver-kit";

/** `sqlite3_errstr`, by primary code. */
const DESCRIPTIONS: Readonly<Record<number, string>> = {
  0: "not an error",
  1: "SQL logic error",
  3: "access permission denied",
  4: "query aborted",
  5: "database is locked",
  6: "database table is locked",
  7: "out of memory",
  8: "attempt to write a readonly database",
  9: "interrupted",
  10: "disk I/O error",
  11: "database disk image is malformed",
  12: "unknown operation",
  13: "database or disk is full",
  14: "unable to open database file",
  15: "locking protocol",
  17: "database schema has changed",
  18: "string or blob too big",
  19: "constraint failed",
  20: "datatype mismatch",
  21: "bad parameter or other API misuse",
  23: "authorization denied",
  25: "column index out of range",
  26: "file is not a database",
  27: "notification message",
  28: "warning message",
};
const ABORT_ROLLBACK = 516;

export type NodeErrorCode =
  | "ERR_INVALID_ARG_TYPE"
  | "ERR_INVALID_ARG_VALUE"
  | "ERR_OUT_OF_RANGE"
  | "ERR_INVALID_STATE"
  | "ERR_ILLEGAL_CONSTRUCTOR"
  | "ERR_SQLITE_ERROR"
  | "ERR_LOAD_SQLITE_EXTENSION"
  | "ERR_INVALID_URL_SCHEME";

const TYPE_ERRORS: readonly NodeErrorCode[] = ["ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "ERR_INVALID_URL_SCHEME"];

export function nodeError(code: NodeErrorCode, message: string): Error {
  const ErrorClass = TYPE_ERRORS.includes(code) ? TypeError : code === "ERR_OUT_OF_RANGE" ? RangeError : Error;
  return Object.assign(new ErrorClass(message), { code });
}

/** Runs `use`; SQLite's failures come out as Node's `ERR_SQLITE_ERROR`. */
export function rethrowAsNode<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof SqliteFailure)) throw error;
    const { extendedCode } = error;
    const errstr =
      extendedCode === ABORT_ROLLBACK ? "abort due to ROLLBACK" : (DESCRIPTIONS[extendedCode & 0xff] ?? "unknown error");
    throw Object.assign(nodeError("ERR_SQLITE_ERROR", error.message), { errcode: extendedCode, errstr });
  }
}
