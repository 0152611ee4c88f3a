/** Names of SQLite's result codes, as they appear in error messages (`spec/sql` §8), and of its authorizer actions. */

const PRIMARY: readonly string[] = [
  "OK",
  "ERROR",
  "INTERNAL",
  "PERM",
  "ABORT",
  "BUSY",
  "LOCKED",
  "NOMEM",
  "READONLY",
  "INTERRUPT",
  "IOERR",
  "CORRUPT",
  "NOTFOUND",
  "FULL",
  "CANTOPEN",
  "PROTOCOL",
  "EMPTY",
  "SCHEMA",
  "TOOBIG",
  "CONSTRAINT",
  "MISMATCH",
  "MISUSE",
  "NOLFS",
  "AUTH",
  "FORMAT",
  "RANGE",
  "NOTADB",
];

const EXTENDED: Readonly<Record<number, string>> = {
  275: "CONSTRAINT_CHECK",
  516: "ABORT_ROLLBACK",
  531: "CONSTRAINT_COMMITHOOK",
  787: "CONSTRAINT_FOREIGNKEY",
  1043: "CONSTRAINT_FUNCTION",
  1299: "CONSTRAINT_NOTNULL",
  1555: "CONSTRAINT_PRIMARYKEY",
  1811: "CONSTRAINT_TRIGGER",
  2067: "CONSTRAINT_UNIQUE",
  2323: "CONSTRAINT_VTAB",
  2579: "CONSTRAINT_ROWID",
  3091: "CONSTRAINT_DATATYPE",
  778: "IOERR_WRITE",
  522: "IOERR_SHORT_READ",
  266: "IOERR_READ",
};

/** `SQLITE_CONSTRAINT` for 19; a number SQLite never gave us is shown as such. */
export function primaryName(code: number): string {
  const name = PRIMARY[code & 0xff];
  return name === undefined ? `SQLITE_UNKNOWN_ERROR_CODE(${code})` : `SQLITE_${name}`;
}

/** The extended code's name, if it differs from the primary one and has a name. */
export function extendedName(extendedCode: number): string | undefined {
  const name = EXTENDED[extendedCode];
  return name === undefined ? undefined : `SQLITE_${name}`;
}

/** Authorizer action codes of SQLite's public interface. */
export const Action = {
  CREATE_INDEX: 1,
  CREATE_TABLE: 2,
  CREATE_TEMP_INDEX: 3,
  CREATE_TEMP_TABLE: 4,
  CREATE_TEMP_TRIGGER: 5,
  CREATE_TEMP_VIEW: 6,
  CREATE_TRIGGER: 7,
  CREATE_VIEW: 8,
  DELETE: 9,
  DROP_INDEX: 10,
  DROP_TABLE: 11,
  DROP_TEMP_INDEX: 12,
  DROP_TEMP_TABLE: 13,
  DROP_TEMP_TRIGGER: 14,
  DROP_TEMP_VIEW: 15,
  DROP_TRIGGER: 16,
  DROP_VIEW: 17,
  INSERT: 18,
  PRAGMA: 19,
  READ: 20,
  SELECT: 21,
  TRANSACTION: 22,
  UPDATE: 23,
  ATTACH: 24,
  DETACH: 25,
  ALTER_TABLE: 26,
  REINDEX: 27,
  ANALYZE: 28,
  CREATE_VTABLE: 29,
  DROP_VTABLE: 30,
  FUNCTION: 31,
  SAVEPOINT: 32,
  RECURSIVE: 33,
} as const;
