/** The extended code of a violated constraint, for engines that only tell the primary one: from the message and the schema. */
import type { Query } from "./table-key.js";

const CONSTRAINT = 19;
const UNIQUE = "UNIQUE constraint failed: ";

/** The code itself if nothing more can be said. */
export function inferExtendedCode(code: number, message: string, query: Query): number {
  if (code !== CONSTRAINT) return code;
  if (message.startsWith(UNIQUE)) return uniqueCode(message.slice(UNIQUE.length), query);
  if (message.startsWith("NOT NULL")) return 1299;
  if (message.startsWith("CHECK")) return 275;
  if (message.startsWith("FOREIGN KEY")) return 787;
  if (message.startsWith("cannot store")) return 3091;
  return 1811; // RAISE() in a trigger, with the application's own text
}

/** `subject` is `table.column, table.column` or `index 'name'`. */
function uniqueCode(subject: string, query: Query): number {
  for (const [name] of query("SELECT name FROM sqlite_schema WHERE type = 'table'", [])) {
    const table = String(name);
    if (!subject.startsWith(`${table}.`)) continue;
    const columns = query("SELECT name, pk FROM pragma_table_info(?)", [table]).map(([column, place]) => ({
      name: String(column),
      place: Number(place),
    }));
    const key = columns.filter(({ place }) => place > 0).sort((a, b) => a.place - b.place);
    if (key.length > 0 && subject === key.map((column) => `${table}.${column.name}`).join(", ")) return 1555;
    if (subject === `${table}.rowid` && columns.every((column) => column.name.toLowerCase() !== "rowid")) return 2579;
  }
  return 2067;
}
