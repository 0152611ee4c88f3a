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
    const statement = this.#statement(sql);
    try {
      statement.bind(values);
      return this.#step(statement) ? statement.row() : undefined;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      statement.reset();
    }
  }

  /** Steps a statement until it ends or `onRow` returns false, which must not run code of the application, nor keep bytes of a row. */
  run(sql: string, values: readonly SqlValue[], onRow: (row: SqlValue[]) => boolean): void {
    const statement = this.#statement(sql);
    try {
      statement.bind(values);
      this.#parts.connection.trusted(() => {
        const step = statement.stepTransient ? () => statement.stepTransient?.() : () => statement.step();
        while (step() && onRow(statement.row()));
      });
    } catch (error) {
      throw this.#failed(error);
    } finally {
      statement.reset();
    }
  }

  #statement(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#parts.connection.prepareTrusted(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Nobody is asked, also if SQLite compiles the statement again. */
  #step(statement: SqliteStatement): boolean {
    return this.#parts.connection.trustedStep(statement);
  }

  #failed(error: unknown): unknown {
    const { transaction, policy } = this.#parts;
    const translated = toPlatformError(policy, error);
    transaction.engineFailed(translated);
    return translated;
  }

  /** Whether there is such a table. What is known holds until something is rolled back or dropped. */
  tableExists(name: string): boolean {
    return this.first("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1", [name]) !== undefined;
  }
}
