/** What identifies a row of a table, asked of the database itself. */
import type { SqlValue } from "@holdfast/core/contract";
import { NO_TABLE, type TableKey } from "./limited-write.js";
import { isKeyword, tokenize } from "./tokens.js";

/** Runs a query of the driver's own. */
export type Query = (sql: string, values: readonly SqlValue[]) => SqlValue[][];

/** The rowid under a name no column has, the primary key of a WITHOUT ROWID table, all columns of a view; `undefined` if every name of the
 * rowid is taken. */
export function tableKey(query: Query, table: string): TableKey | typeof NO_TABLE | undefined {
  const columns = query("SELECT name, pk FROM pragma_table_info(?)", [table]);
  if (columns.length === 0) return NO_TABLE;
  const quoted = (some: readonly SqlValue[][]) => some.map(([name]) => `"${String(name).replaceAll('"', '""')}"`);
  const [definition] = query("SELECT sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)", [table]);
  if (!definition) return { columns: quoted(columns), isView: true };
  if (isWithoutRowid(String(definition[0]))) {
    const key = columns.filter(([, place]) => Number(place) > 0).sort(([, a], [, b]) => Number(a) - Number(b));
    return { columns: quoted(key), isView: false };
  }
  const names = new Set(columns.map(([name]) => String(name).toLowerCase()));
  const free = ["rowid", "_rowid_", "oid"].find((name) => !names.has(name));
  return free === undefined ? undefined : { columns: [free], isView: false };
}

/** Whether WITHOUT ROWID is among the options behind the columns. */
function isWithoutRowid(definition: string): boolean {
  const tokens = tokenize(definition);
  const options = tokens.slice(tokens.findLastIndex(({ text }) => text === ")") + 1);
  return options.some((token, i) => isKeyword(token, "WITHOUT") && isKeyword(options[i + 1], "ROWID"));
}
