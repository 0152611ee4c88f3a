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

/** Compiles (`text`) or runs a statement and rethrows an engine's error in the platform's wording. */
export function withPlatformErrors<T>(policy: SqlPolicy, use: () => T, text?: string): T {
  policy.startStatement(text);
  try {
    return use();
  } catch (error) {
    if (policy.deniedTransaction) throw new Error(NO_TRANSACTION_STATEMENTS, { cause: error });
    if (isSqliteError(error)) throw new Error(describeSqliteError(error), { cause: error });
    throw error;
  }
}
