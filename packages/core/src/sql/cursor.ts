/** The result of `sql.exec()` and its iterators (`spec/sql` §2). */
import { ONE_BUT_MANY, ONE_BUT_NONE } from "../messages.js";
import type { Cell } from "./bindings.js";
import type { RowSource } from "./row-source.js";

export type SqlRow = Record<string, Cell>;

/** All readers of one cursor share its position. `next()` yields `{ done, value }` with both keys always present. */
export class Cursor {
  readonly #source: RowSource;

  /** Made by `sql.exec()` only. */
  constructor(source: RowSource) {
    this.#source = source;
  }

  /** The next row as an object. Columns of the same name keep the first position and the last value. */
  next(): IteratorResult<SqlRow, undefined> {
    const row = this.#source.take();
    return row ? { done: false, value: toObject(this.#source.columnNames, row) } : { done: true, value: undefined };
  }

  /** The remaining rows. */
  toArray(): SqlRow[] {
    const rows: SqlRow[] = [];
    for (let row = this.#source.take(); row; row = this.#source.take()) rows.push(toObject(this.#source.columnNames, row));
    return rows;
  }

  /** The only remaining row. @throws Error if there is none, or more than one; the cursor is then closed */
  one(): SqlRow {
    const row = this.#source.take();
    if (!row) throw new Error(ONE_BUT_NONE);
    if (this.#source.hasNext) {
      this.#source.close();
      throw new Error(ONE_BUT_MANY);
    }
    return toObject(this.#source.columnNames, row);
  }

  /** An iterator over the same rows as arrays of values. */
  raw(): IterableIterator<Cell[], undefined> {
    return iterator("RawIterator", () => this.#source.take());
  }

  /** Names of the result columns. The same array each time. */
  get columnNames(): string[] {
    return this.#source.columnNames;
  }

  /** Rows read so far; exact or estimated as the driver's `supports.rowCounts` says. */
  get rowsRead(): number {
    return this.#source.rowsRead;
  }

  /** Rows written; final as soon as `exec` has returned. */
  get rowsWritten(): number {
    return this.#source.rowsWritten;
  }

  [Symbol.iterator](): IterableIterator<SqlRow, undefined> {
    return iterator("RowIterator", () => {
      const row = this.#source.take();
      return row && toObject(this.#source.columnNames, row);
    });
  }

  get [Symbol.toStringTag](): string {
    return "Cursor";
  }
}

function toObject(names: readonly string[], row: readonly Cell[]): SqlRow {
  const object: SqlRow = {};
  for (let i = 0; i < names.length; i++) {
    // Defined, not assigned, so that a column named `__proto__` is a column. parity: sql-proto-column
    const value = row[i] ?? null;
    Object.defineProperty(object, names[i] ?? "", { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

const IteratorPrototype: object = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/** An iterator without `return`: leaving a loop early closes nothing, and iteration can go on (`spec/sql` §2). */
function iterator<T>(tag: string, take: () => T | undefined): IterableIterator<T, undefined> {
  return Object.create(IteratorPrototype, {
    next: {
      value: (): IteratorResult<T, undefined> => {
        const value = take();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
    },
    [Symbol.iterator]: {
      value(this: unknown) {
        return this;
      },
    },
    [Symbol.toStringTag]: { value: tag },
  });
}
