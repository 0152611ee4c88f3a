/** program-actions.ts
 * What a compiled statement does, read from its instructions (EXPLAIN): tables that it opens, directly or through views, triggers and
 * foreign keys, and functions that it calls there. And whether it writes. */
import type { Action } from "./text-actions.js";

export interface Tables {
  /** The table that a b-tree belongs to, by its root page. */
  byRoot(page: number): string | undefined;
  /** A table's columns. */
  columns(table: string): readonly string[];
}

export function programActions(listing: readonly (readonly unknown[])[], tables: Tables): Action[] {
  const actions: Action[] = [];
  const programs = split(listing);
  for (const program of programs) {
    for (const [, opcode, p1, p2, p3, p4] of program) {
      if (opcode === "Function" || opcode === "PureFunc" || opcode === "AggStep") {
        const name = String(p4).replace(/\(-?\d+\)$/, "");
        if (!name.startsWith("stat_")) actions.push({ code: 31, first: null, second: name, database: "main" }); // ANALYZE's own
      }
      if (opcode === "AutoCommit") actions.push({ code: 22, first: null, second: null, database: null });
      if (opcode === "Savepoint") actions.push({ code: 32, first: null, second: null, database: null });
      if (opcode === "Clear" && Number(p2) === 0) {
        const cleared = tables.byRoot(Number(p1)); // DELETE without WHERE
        if (cleared !== undefined) actions.push({ code: 9, first: cleared, second: null, database: "main" });
      }
      const opens = opcode === "OpenRead" || opcode === "OpenWrite";
      const table = opens && Number(p3) === 0 ? tables.byRoot(Number(p2)) : undefined;
      if (table === undefined) continue;
      if (opcode === "OpenWrite") actions.push({ code: 18, first: table, second: null, database: "main" });
      const read = program.find(([, other, cursor]) => other === "Column" && cursor === p1);
      const column = read === undefined ? "" : (tables.columns(table)[Number(read[3])] ?? "");
      actions.push({ code: 20, first: table, second: column, database: "main" });
    }
  }
  return actions;
}

/** SQLite's `sqlite3_stmt_readonly`. */
export function isReadOnly(listing: readonly (readonly unknown[])[]): boolean {
  return !listing.some(
    ([, opcode, , p2]) => (opcode === "Transaction" && Number(p2) > 0) || /^(Vacuum|AutoCommit|Savepoint)$/.test(String(opcode)),
  );
}

function split(listing: readonly (readonly unknown[])[]): (readonly unknown[])[][] {
  const programs: (readonly unknown[])[][] = [];
  for (const row of listing) {
    if (Number(row[0]) === 0) programs.push([]);
    programs.at(-1)?.push(row);
  }
  return programs;
}
