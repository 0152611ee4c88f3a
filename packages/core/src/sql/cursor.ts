/** The result of `sql.exec()` and its iterators (`spec/sql` §2). */
import { ONE_BUT_MANY, ONE_BUT_NONE } from "../messages.js";
import { illegalConstructor, illegalInvocation, shapeAsPlatform } from "../platform-class.js";
import type { Public } from "../public.js";
import type { Cell } from "./bindings.js";
import type { RowSource } from "./row-source.js";

export type SqlRow = Record<string, Cell>;

/** What the class of cursors looks like from outside: for `instanceof`, not for making any. */
export type CursorClass = (abstract new <T extends SqlRow>() => Public<Cursor<T>>) & { readonly prototype: Public<Cursor> };

/** What the next object is made over; applications cannot make any. */
let making: RowSource | undefined;

function sourceForNew(): RowSource {
  const source = making;
  making = undefined;
  if (!source) throw illegalConstructor();
  return source;
}

/** The rows behind a cursor. @throws TypeError if `this` of a member is something else */
let sourceOf: (cursor: Cursor) => RowSource;

/** All readers of one cursor share its position (parity: sql-clone-cursor). `next()` yields `{ done, value }` with both keys always present. */
export class Cursor<T extends SqlRow = SqlRow> {
  readonly #source: RowSource;

  /** @throws TypeError always: cursors come from `sql.exec()` */
  constructor() {
    this.#source = sourceForNew();
  }

  /** The next row as an object. Columns of the same name keep the first position and the last value. */
  next(): IteratorResult<T, undefined> {
    return nextObject(sourceOf(this)) as IteratorResult<T, undefined>;
  }

  /** The remaining rows. */
  toArray(): T[] {
    const source = sourceOf(this);
    const rows: T[] = [];
    for (let row = source.take(); row; row = source.take()) rows.push(toObject(source.columnNames, row) as T);
    return rows;
  }

  /** The only remaining row. @throws Error if there is none, or more than one; the cursor is then closed */
  one(): T {
    const source = sourceOf(this);
    const row = source.take();
    if (!row) throw new Error(ONE_BUT_NONE);
    if (source.hasNext) {
      source.close();
      throw new Error(ONE_BUT_MANY);
    }
    return toObject(source.columnNames, row) as T;
  }

  /** An iterator over the same rows as arrays of values. */
  raw<U extends Cell[] = Cell[]>(): IterableIterator<U, undefined> {
    making = sourceOf(this);
    return new RawIterator() as IterableIterator<Cell[], undefined> as IterableIterator<U, undefined>;
  }

  /** Names of the result columns. The same array each time; changing it changes no row (parity: sql-column-names). */
  get columnNames(): string[] {
    return sourceOf(this).shownNames;
  }

  /** Rows read so far; exact or estimated as the driver's `supports.rowCounts` says. */
  get rowsRead(): number {
    return sourceOf(this).rowsRead;
  }

  /** Rows written; final as soon as `exec` has returned. */
  get rowsWritten(): number {
    return sourceOf(this).rowsWritten;
  }

  [Symbol.iterator](): IterableIterator<T, undefined> {
    making = sourceOf(this);
    return new RowIterator() as IterableIterator<SqlRow, undefined> as IterableIterator<T, undefined>;
  }

  static {
    sourceOf = (cursor) => {
      if (typeof cursor !== "object" || cursor === null || !(#source in cursor)) throw illegalInvocation();
      return cursor.#source;
    };
    shapeAsPlatform(Cursor);
  }
}

export function makeCursor<T extends SqlRow>(source: RowSource): Cursor<T> {
  making = source;
  return new Cursor<T>();
}

function nextObject(source: RowSource): IteratorResult<SqlRow, undefined> {
  const row = source.take();
  return row ? { done: false, value: toObject(source.columnNames, row) } : { done: true, value: undefined };
}

function toObject(names: readonly string[], row: readonly Cell[]): SqlRow {
  const object: SqlRow = {};
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (name !== "__proto__") object[name] = row[i] as Cell;
    // Defined, not assigned, so that it is a column. parity: sql-proto-column
    else Object.defineProperty(object, name, { value: row[i], writable: true, enumerable: true, configurable: true });
  }
  return object;
}

/** The iterators have no `return`: leaving a loop early closes nothing, and iteration can go on (`spec/sql` §2). */
class RowIterator implements IterableIterator<SqlRow, undefined> {
  readonly #source: RowSource = sourceForNew();

  next(): IteratorResult<SqlRow, undefined> {
    if (!(#source in this)) throw illegalInvocation();
    return nextObject(this.#source);
  }

  [Symbol.iterator](): this {
    return this;
  }
}

class RawIterator implements IterableIterator<Cell[], undefined> {
  readonly #source: RowSource = sourceForNew();

  next(): IteratorResult<Cell[], undefined> {
    if (!(#source in this)) throw illegalInvocation();
    const value = this.#source.take();
    return value ? { done: false, value } : { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

const IteratorPrototype: object = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
for (const Class of [RowIterator, RawIterator]) {
  shapeAsPlatform(Class);
  Object.setPrototypeOf(Class.prototype, IteratorPrototype); // for the iterator helpers
}
