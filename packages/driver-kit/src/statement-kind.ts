/** What a statement may do, for engines without `sqlite3_stmt_readonly`. */
export type StatementKind = "reads" | "changes-rows" | "changes-schema";

/** What only reads asks the authorizer for: PRAGMA, READ, SELECT, FUNCTION, RECURSIVE. */
const READING: ReadonlySet<number> = new Set([19, 20, 21, 31, 33]);
/** What changes rows of tables asks for beside them: DELETE, INSERT, UPDATE. */
const CHANGING: ReadonlySet<number> = new Set([...READING, 9, 18, 23]);

/** `actions` are what the authorizer was asked; none at all means VACUUM and its like. */
export function kindOfActions(actions: readonly number[]): StatementKind {
  if (actions.length > 0 && actions.every((action) => READING.has(action))) return "reads";
  return actions.length > 0 && actions.every((action) => CHANGING.has(action)) ? "changes-rows" : "changes-schema";
}
