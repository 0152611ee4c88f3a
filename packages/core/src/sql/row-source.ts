/** sql/row-source.ts
 * The rows of one executed statement, read one ahead.
 *
 * The first step happens when the statement is executed; each row taken steps once more, so a query that is over is known to be over,
 * and its statement free, before the application asks again (`spec/sql` §2.1). Rows of a statement that writes are all taken at once:
 * its changes are already made, and a statement left in the middle would keep the transaction from committing
 * (parity: sql-unfinished-writes). */
import type { SqliteStatement } from "../contract/index.js";
import { type Cell, toCell } from "./bindings.js";

export interface RowSourceParts {
  readonly statement: SqliteStatement;
  /** Steps in the right surroundings: errors in the platform's wording, the session still alive. */
  step(): boolean;
  /** The statement is no longer needed. */
  finished(): void;
}

export class RowSource {
  /** Taken after the first step: it may recompile the statement for a changed schema, and at the end it is no longer ours. */
  columnNames: string[] = [];
  readonly #parts: RowSourceParts;
  readonly #rows: Cell[][] = [];
  #more: boolean;
  #finalCounts: { readonly rowsRead: number; readonly rowsWritten: number } | undefined;

  /** Makes the first step. @throws the platform's error for it; the statement is then finished */
  constructor(parts: RowSourceParts) {
    this.#parts = parts;
    this.#more = false;
    this.#advance(() => {
      this.columnNames = [...parts.statement.columnNames];
    });
    if (!parts.statement.readOnly) while (this.#more) this.#advance();
  }

  get rowsRead(): number {
    return (this.#finalCounts ?? this.#parts.statement).rowsRead;
  }

  get rowsWritten(): number {
    return (this.#finalCounts ?? this.#parts.statement).rowsWritten;
  }

  /** The next row, or `undefined` at the end. */
  take(): Cell[] | undefined {
    const row = this.#rows.shift();
    if (row && this.#more && this.#rows.length === 0) this.#advance();
    return row;
  }

  /** Whether a row is left, without taking it. */
  get hasNext(): boolean {
    return this.#rows.length > 0;
  }

  /** Ends the query early. */
  close(): void {
    this.#rows.length = 0;
    if (!this.#finalCounts) this.#finish();
  }

  #advance(afterStep?: () => void): void {
    try {
      this.#more = this.#parts.step();
      afterStep?.();
      if (this.#more) this.#rows.push(this.#parts.statement.row().map(toCell));
    } catch (error) {
      // The error has been told; a later read is at the end. parity: sql-read-after-error
      this.#more = false;
      this.#finish();
      throw error;
    }
    if (!this.#more) this.#finish();
  }

  #finish(): void {
    this.#more = false;
    const { rowsRead, rowsWritten } = this.#parts.statement;
    this.#finalCounts = { rowsRead, rowsWritten };
    this.#parts.finished();
  }
}
