/** metadata/delete-everything.ts
 * `deleteAll()`: the whole database, the application's tables and the hidden ones (`spec/kv` §6).
 *
 * What the turn has written so far is dropped, an alarm excepted; then everything is deleted by a commit of its own, at once: an `abort()`
 * behind it does not bring anything back, as on the platform (case `batch/deleteAll-then-abort`). */
import type { OwnStatements } from "../sql/own-statements.js";
import type { Connection } from "../transaction/connection.js";
import type { Transaction } from "../transaction/transaction.js";
import type { Alarm } from "./alarm.js";

const CONFIRMED = { confirmed: true };

export interface DeleteParts {
  readonly connection: Connection;
  readonly transaction: Transaction;
  readonly statements: OwnStatements;
  readonly alarm: Alarm;
  /** Whether an alarm goes too. */
  readonly deletesAlarm: boolean;
  /** Ends every query that is being read: its tables go. */
  cancelQueries(): void;
}

export function deleteEverything({ connection, transaction, statements, alarm, deletesAlarm, cancelQueries }: DeleteParts): void {
  const kept = deletesAlarm ? null : alarm.stored; // also one that this turn has set
  transaction.discard();
  cancelQueries();
  const enforcesKeys = statements.first("PRAGMA foreign_keys", [])?.[0] === 1;
  const exec = (sql: string) => connection.trusted((database) => database.exec(sql));
  exec("PRAGMA foreign_keys = OFF"); // has no effect inside a transaction, where tables can only be dropped in their order
  try {
    const level = transaction.begin();
    try {
      transaction.willWrite(CONFIRMED);
      dropAll(statements, exec);
      transaction.forgetSchema();
      if (kept === null) transaction.sayAlarm(null, CONFIRMED);
      else alarm.restore(kept, CONFIRMED);
    } catch (error) {
      transaction.rollback(level);
      throw error;
    }
    transaction.commit(level);
  } finally {
    if (enforcesKeys && transaction.failure() === undefined) exec("PRAGMA foreign_keys = ON");
  }
}

/** Views before what they look at, virtual tables before the tables that they keep. parity: deleteAll-sequence */
function dropAll(statements: OwnStatements, exec: (sql: string) => void): void {
  const next = `SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name <> 'sqlite_sequence'
    ORDER BY type = 'table', sql NOT LIKE 'CREATE VIRTUAL%' LIMIT 1`;
  for (let found = statements.first(next, []); found; found = statements.first(next, [])) {
    exec(`DROP ${found[0]} "${String(found[1]).replaceAll('"', '""')}"`);
  }
  if (statements.tableExists("sqlite_sequence")) exec("DELETE FROM sqlite_sequence");
}
