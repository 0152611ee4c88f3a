/** How an engine's error reaches the application: a plain `Error` in the platform's wording (`spec/sql` §8). */
import type { SqliteError } from "../contract/index.js";
import { NO_TRANSACTION_STATEMENTS } from "../messages.js";
import type { SqlPolicy } from "./sql-policy.js";
import { extendedName, primaryName } from "./sqlite-codes.js";

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && typeof (error as Partial<SqliteError>).code === "number";
}

/** `<SQLite's text>[ at offset N]: <primary code>[ (extended: <code>)]` */
export function describeSqliteError(error: SqliteError): string {
  const offset = error.offset === undefined ? "" : ` at offset ${error.offset}`;
  const extended = error.extendedCode === error.code ? undefined : extendedName(error.extendedCode);
  return `${error.message}${offset}: ${primaryName(error.code)}${extended ? ` (extended: ${extended})` : ""}`;
}

/** What to throw for what an engine threw: its errors in the platform's wording. */
export function toPlatformError(policy: SqlPolicy, error: unknown): unknown {
  if (!isSqliteError(error)) return error;
  if (policy.takeDeniedTransaction()) return new Error(NO_TRANSACTION_STATEMENTS, { cause: error });
  return new Error(describeSqliteError(error), { cause: error });
}
