/** An error that SQLite reported. */
import type { SqliteError } from "@holdfast/core/contract";

export class SqliteFailure extends Error implements SqliteError {
  readonly code: number;
  readonly extendedCode: number;

  constructor(code: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SqliteError";
    this.code = code & 0xff;
    this.extendedCode = code > 0xff ? code : extendedFromMessage(code, message);
  }
}

const CONSTRAINT = 19;

/** sql.js returns primary codes only; a constraint's kind shows in its message. (A violated primary key reads like a unique index.) */
function extendedFromMessage(code: number, message: string): number {
  if (code !== CONSTRAINT) return code;
  if (message.startsWith("UNIQUE")) return 2067;
  if (message.startsWith("NOT NULL")) return 1299;
  if (message.startsWith("CHECK")) return 275;
  if (message.startsWith("FOREIGN KEY")) return 787;
  if (message.startsWith("cannot store")) return 3091;
  return 1811; // RAISE() in a trigger, with the application's own text
}
