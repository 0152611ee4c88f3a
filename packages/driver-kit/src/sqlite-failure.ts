/** An error that SQLite reported. */
import type { SqliteError } from "@holdfast/core/contract";

export interface FailureDetails {
  /** The code itself if left out. */
  readonly extendedCode?: number;
  /** Byte offset into the statement's text. */
  readonly offset?: number | undefined;
  readonly cause?: unknown;
}

export class SqliteFailure extends Error implements SqliteError {
  readonly code: number;
  readonly extendedCode: number;
  readonly offset?: number;

  /** @param code a primary or extended result code
   * @param message SQLite's own text */
  constructor(code: number, message: string, { extendedCode = code, offset, cause }: FailureDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SqliteError";
    this.code = code & 0xff;
    this.extendedCode = extendedCode;
    if (offset !== undefined) this.offset = offset;
  }
}
