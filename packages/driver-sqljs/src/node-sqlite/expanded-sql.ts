/** `expandedSQL`: a statement's text with the bound values in place of its parameters. */
import { tokenize } from "@holdfast/driver-kit";
import type { SqljsConnection } from "../connection.js";
import { bytesOf } from "./native-values.js";

/** `bound` is by SQLite's parameter numbers. */
export function expandSql(sql: string, bound: ReadonlyMap<number, unknown>, connection: SqljsConnection): string {
  const numbers = new Map<string, number>();
  let highest = 0;
  let expanded = "";
  let at = 0;
  for (const { kind, text, start, end } of tokenize(sql)) {
    if (kind !== "parameter") continue;
    const explicit = /^\?(\d+)$/.exec(text)?.[1];
    const number = explicit === undefined ? (numbers.get(text) ?? highest + 1) : Number(explicit);
    if (text !== "?") numbers.set(text, number);
    highest = Math.max(highest, number);
    expanded += sql.slice(at, start) + literal(bound.get(number), connection);
    at = end;
  }
  return expanded + sql.slice(at);
}

function literal(value: unknown, connection: SqljsConnection): string {
  switch (typeof value) {
    case "number":
      return Number.isNaN(value) ? "NULL" : String(connection.query("SELECT format('%!.15g', ?)", [value])[0]?.[0]);
    case "bigint":
      return String(value);
    case "boolean":
      return value ? "1" : "0";
    case "string":
      return `'${(value.toWellFormed().split("\0")[0] ?? "").replaceAll("'", "''")}'`;
    default: {
      const bytes = bytesOf(value);
      return bytes ? `x'${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}'` : "NULL";
    }
  }
}
