/** `holdfast diff` */
import type { ObjectHistory } from "holdfast";
import { bookmarkOf, type Context, count, findObject, withHistory } from "../context.js";
import type { Row } from "../output.js";

export interface DiffOptions {
  readonly from: string;
  readonly to?: string;
  readonly rows?: boolean;
  readonly limit: string;
}

export async function diff({ dir, output }: Context, object: string, options: DiffOptions): Promise<void> {
  const most = count(options.limit);
  const id = await findObject(dir, object);
  await withHistory(dir, id, async (history) => {
    const from = await bookmarkOf(history, options.from);
    const to = await bookmarkOf(history, options.to);
    const tables = await compareTables(history, from, to);
    if (!options.rows) return output.rows(tables);
    const changes: Row[] = [];
    for (const { table } of tables) {
      const [before, after] = [await history.rowsAt(from, table), await history.rowsAt(to, table)];
      const all = [...without(before, after).map((row) => ({ table, "": "-", ...row })), ...added(table, before, after)];
      changes.push(...all.slice(0, most));
      if (all.length > most) output.note(`… and ${all.length - most} more of ${table}. \`--limit\` shows more.`);
    }
    output.rows(changes);
  });
}

type ComparedTable = {
  readonly table: string;
  readonly before: number;
  readonly after: number;
};

/** Tables of either moment; a table that is not there has no rows. */
async function compareTables(history: ObjectHistory, from: string, to: string): Promise<ComparedTable[]> {
  const sizes = async (at: string) => new Map((await history.tablesAt(at)).map(({ name, rows }) => [name, rows]));
  const [before, after] = [await sizes(from), await sizes(to)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.map((table) => ({ table, before: before.get(table) ?? 0, after: after.get(table) ?? 0 }));
}

function added(table: string, before: readonly Row[], after: readonly Row[]): Row[] {
  return without(after, before).map((row) => ({ table, "": "+", ...row }));
}

/** Rows of one that are not in the other, each as often as it is missing there. */
function without(rows: readonly Row[], others: readonly Row[]): Row[] {
  const left = new Map<string, number>();
  for (const row of others) left.set(keyOf(row), (left.get(keyOf(row)) ?? 0) + 1);
  return rows.filter((row) => {
    const there = left.get(keyOf(row)) ?? 0;
    if (there > 0) left.set(keyOf(row), there - 1);
    return there === 0;
  });
}

function keyOf(row: Row): string {
  return JSON.stringify(Object.values(row), (_key, value: unknown) =>
    value instanceof ArrayBuffer ? ["bytes", ...new Uint8Array(value)] : value,
  );
}
