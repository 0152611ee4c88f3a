/** Statements of holdfast's own on its hidden tables: compiled once, never asked about, their failures told to the transaction. */
import type { SqliteStatement, SqlValue } from "../contract/index.js";
import type { Connection } from "../transaction/connection.js";
import type { Transaction } from "../transaction/transaction.js";
import { toPlatformError } from "./sql-error.js";
import type { SqlPolicy } from "./sql-policy.js";

export interface OwnStatementParts {
  readonly connection: Connection;
  readonly transaction: Transaction;
  readonly policy: SqlPolicy;
}

export class OwnStatements {
  readonly #parts: OwnStatementParts;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(parts: OwnStatementParts) {
    this.#parts = parts;
  }

  /** The first row, if there is one. */
  first(sql: string, values: readonly SqlValue[]): SqlValue[] | undefined {
    let first: SqlValue[] | undefined;
    this.run(sql, values, (row) => {
      first ??= row;
      return false;
    });
    return first;
  }

  /** Steps a statement until it ends or `onRow` returns false. */
  run(sql: string, values: readonly SqlValue[], onRow: (row: SqlValue[]) => boolean): void {
    const { connection, transaction, policy } = this.#parts;
    const statement = this.#statements.get(sql) ?? connection.prepareTrusted(sql);
    this.#statements.set(sql, statement);
    const step = () => statement.step();
    try {
      statement.bind(values);
      while (connection.trusted(step) && onRow(statement.row()));
    } catch (error) {
      const translated = toPlatformError(policy, error);
      transaction.engineFailed(translated);
      throw translated;
    } finally {
      statement.reset();
    }
  }

  /** Whether there is such a table. What is known holds until something is rolled back or dropped. */
  tableExists(name: string): boolean {
    return this.first("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1", [name]) !== undefined;
  }
}
