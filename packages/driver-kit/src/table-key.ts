/** What identifies a row of a table, asked of the database itself. */
import type { SqlValue } from "@holdfast/core/contract";
import { NO_TABLE } from "./limited-write.js";
import { isKeyword, tokenize } from "./tokens.js";

/** Runs a query of the driver's own. */
export type Query = (sql: string, values: readonly SqlValue[]) => SqlValue[][];

/** `["rowid"]` under a name no column has, or the quoted primary key columns of a WITHOUT ROWID table; `undefined` if it is a view. */
export function tableKey(query: Query, table: string): string[] | typeof NO_TABLE | undefined {
  const columns = query("SELECT name, pk FROM pragma_table_info(?)", [table]);
  if (columns.length === 0) return NO_TABLE;
  const [definition] = query("SELECT sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)", [table]);
  if (!definition) return undefined;
  if (!isWithoutRowid(String(definition[0]))) {
    const names = new Set(columns.map(([name]) => String(name).toLowerCase()));
    const free = ["rowid", "_rowid_", "oid"].find((name) => !names.has(name));
    return free === undefined ? undefined : [free];
  }
  return columns
    .filter(([, place]) => Number(place) > 0)
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .map(([name]) => `"${String(name).replaceAll('"', '""')}"`);
}

/** Whether WITHOUT ROWID is among the options behind the columns. */
function isWithoutRowid(definition: string): boolean {
  const tokens = tokenize(definition);
  const options = tokens.slice(tokens.findLastIndex(({ text }) => text === ")") + 1);
  return options.some((token, i) => isKeyword(token, "WITHOUT") && isKeyword(options[i + 1], "ROWID"));
}
