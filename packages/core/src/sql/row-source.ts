/** sql/row-source.ts
 * The rows of one executed statement, read one ahead.
 *
 * The first step happens when the statement is executed; each row taken steps once more, so a query that is over is known to be over,
 * and its statement free, before the application asks again (`spec/sql` §2.1). Rows of a statement that writes are all taken at once:
 * its changes are already made, and a statement left in the middle would keep the transaction from committing
 * (parity: sql-unfinished-writes). */
import type { RowCounts } from "../contract/index.js";
import { type Cell, toCells } from "./bindings.js";
import type { DroppedQueries } from "./dropped-queries.js";
import type { CachedStatement } from "./statement-cache.js";

/** Who runs statements: errors in the platform's wording, the turn's transaction open, the session still alive. */
export interface StatementRunner {
  /** Whether counts are exact, and so worth keeping row by row. */
  readonly countsAreExact: boolean;
  readonly droppedQueries: DroppedQueries;
  step(entry: CachedStatement): boolean;
  /** The statement is no longer needed. */
  release(entry: CachedStatement): void;
}

export class RowSource {
  /** Taken after the first step: it may recompile the statement for a changed schema, and at the end it is no longer ours. */
  readonly columnNames: readonly string[];
  #shownNames: string[] | undefined;
  readonly #entry: CachedStatement;
  readonly #runner: StatementRunner;
  /** It reads, and its statement is still its own. */
  #isOpen = false;
  /** The row that is next, and behind it those of a writing statement. */
  #ahead: Cell[] | undefined;
  #rest: { readonly rows: Cell[][]; readonly counts: RowCounts[] } | undefined;
  #taken = 0;
  /** The counts of a statement that is no longer ours. */
  #finalCounts: RowCounts | undefined;

  /** Makes the first step. @throws the platform's error for it; the statement is then finished */
  constructor(runner: StatementRunner, entry: CachedStatement) {
    this.#runner = runner;
    this.#entry = entry;
    let hasRow: boolean;
    try {
      hasRow = runner.step(entry);
    } catch (error) {
      runner.release(entry);
      throw error;
    }
    const { statement } = entry;
    this.columnNames = statement.columnNames;
    if (hasRow) {
      this.#ahead = toCells(statement.row());
      this.#isOpen = statement.readOnly;
      if (!statement.readOnly) this.#takeAll();
      else if (entry.isFresh) {
        runner.droppedQueries.watch(this, entry);
      } else entry.reader = this;
    } else this.#finish();
  }

  /** The names as the application gets them: the same array each time, and its own. */
  get shownNames(): string[] {
    this.#shownNames ??= [...this.columnNames];
    return this.#shownNames;
  }

  get rowsRead(): number {
    return this.#counts().rowsRead;
  }

  get rowsWritten(): number {
    return this.#counts().rowsWritten;
  }

  /** The next row, or `undefined` at the end. */
  take(): Cell[] | undefined {
    const row = this.#ahead;
    if (row === undefined) return undefined;
    if (this.#rest) {
      this.#ahead = this.#rest.rows[this.#taken];
      this.#taken += 1;
    } else this.#advance();
    return row;
  }

  /** Whether a row is left, without taking it. */
  get hasNext(): boolean {
    return this.#ahead !== undefined;
  }

  /** Ends the query early. */
  close(): void {
    const counts = this.#counts(); // frozen as of now, also for rows that were taken ahead
    this.#ahead = undefined;
    if (!this.#finalCounts) this.#finish();
    if (this.#runner.countsAreExact) this.#finalCounts = counts;
  }

  #advance(): void {
    try {
      if (this.#runner.step(this.#entry)) {
        this.#ahead = toCells(this.#entry.statement.row());
        return;
      }
    } catch (error) {
      // The error has been told; a later read is at the end. parity: sql-read-after-error
      this.#ahead = undefined;
      this.#finish();
      throw error;
    }
    this.#ahead = undefined;
    this.#finish();
  }

  #takeAll(): void {
    const first = this.#ahead;
    const counts = [this.#entry.statement.counts()];
    const rows: Cell[][] = [];
    for (;;) {
      this.#advance();
      if (this.#ahead === undefined) break;
      rows.push(this.#ahead);
      counts.push(this.#entry.statement.counts());
    }
    this.#ahead = first;
    this.#rest = { rows, counts };
  }

  /** Buffered rows are counted as they are taken, where the engine can tell. */
  #counts(): RowCounts {
    const buffered = this.#runner.countsAreExact && this.#ahead !== undefined ? this.#rest?.counts[this.#taken] : undefined;
    return buffered ?? this.#finalCounts ?? this.#entry.statement.counts();
  }

  #finish(): void {
    this.#finalCounts = this.#entry.statement.counts();
    if (this.#entry.reader === this) this.#entry.reader = undefined;
    else if (this.#isOpen) this.#runner.droppedQueries.unwatch(this);
    this.#isOpen = false;
    this.#runner.release(this.#entry);
  }
}
