/** program-actions.ts
 * What a compiled statement does, read from its instructions (EXPLAIN): tables of ours that it opens, directly or through views, triggers
 * and foreign keys, and functions that it calls there. And whether it writes. */
import type { Action } from "./text-actions.js";

/** A hidden table: its b-trees' root pages, and its columns in the order of its records. */
export interface HiddenTable {
  readonly name: string;
  readonly roots: ReadonlySet<number>;
  readonly columns: readonly string[];
}

export function programActions(listing: readonly (readonly unknown[])[], hidden: readonly HiddenTable[]): Action[] {
  const actions: Action[] = [];
  const programs = split(listing);
  for (const program of programs) {
    for (const [, opcode, p1, p2, p3, p4] of program) {
      if (opcode === "Function" || opcode === "PureFunc" || opcode === "AggStep") {
        const name = String(p4).replace(/\(-?\d+\)$/, "");
        if (!name.startsWith("stat_")) actions.push({ code: 31, first: null, second: name, database: "main" }); // ANALYZE's own
      }
      const opens = opcode === "OpenRead" || opcode === "OpenWrite";
      const table = opens && Number(p3) === 0 ? hidden.find(({ roots }) => roots.has(Number(p2))) : undefined;
      if (!table) continue;
      if (opcode === "OpenWrite") actions.push({ code: 18, first: table.name, second: null, database: "main" });
      const read = program.find(([, other, cursor]) => other === "Column" && cursor === p1);
      actions.push({ code: 20, first: table.name, second: table.columns[Number(read?.[3] ?? -1)] ?? "", database: "main" });
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
