/** Tables that node:sqlite's build has and the platform has not: they are missing here too (`spec/sql` §4.4). */

const HIDDEN = ["dbstat", "sqlite_stmt", "bytecode", "tables_used", "sqlite_dbpage", "generate_series", "fts3tokenize"];
const MENTIONED = new RegExp(`\\b(${HIDDEN.join("|")})\\b`, "i");

/** Those that a text names; usually none. */
export function hiddenTablesIn(sql: string): ReadonlySet<string> {
  if (!MENTIONED.test(sql)) return new Set();
  return new Set(HIDDEN);
}
