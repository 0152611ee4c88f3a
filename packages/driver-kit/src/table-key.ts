/** What identifies a row of a table, asked of the database itself. */
import type { SqlValue } from "@holdfast/core/contract";

/** Runs a query of the driver's own. */
export type Query = (sql: string, values: readonly SqlValue[]) => SqlValue[][];

/** `["rowid"]` under a name no column has, or the quoted primary key columns of a WITHOUT ROWID table; `undefined` if it is no table. */
export function tableKey(query: Query, table: string): string[] | undefined {
  const columns = query("SELECT name, pk FROM pragma_table_info(?)", [table]);
  const [definition] = query("SELECT sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)", [table]);
  if (columns.length === 0 || !definition) return undefined;
  if (!/\bWITHOUT\s+ROWID\b(?![\s\S]*\))/i.test(String(definition[0]))) {
    const names = new Set(columns.map(([name]) => String(name).toLowerCase()));
    const free = ["rowid", "_rowid_", "oid"].find((name) => !names.has(name));
    return free === undefined ? undefined : [free];
  }
  return columns
    .filter(([, place]) => Number(place) > 0)
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .map(([name]) => `"${String(name).replaceAll('"', '""')}"`);
}
