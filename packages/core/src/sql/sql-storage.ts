/** sql/sql-storage.ts
 * `ctx.storage.sql`.
 *
 * The order of work in `exec` is observable and fixed (`spec/sql` §1): convert the query, convert the bindings, then statement by
 * statement: compile, check parameters, open the turn's transaction if it writes, bind, make the first step. A failure in a later
 * statement leaves the earlier ones applied. */
import { PAGE_SIZE, type SqlValue } from "../contract/index.js";
import { CURSOR_CANCELED, NO_STATEMENT, notOfType, ONLY_LAST_HAS_PARAMETERS, WRONG_BINDING_COUNT } from "../messages.js";
import { illegalConstructor, illegalInvocation, shapeAsPlatform } from "../platform-class.js";
import type { Public } from "../public.js";
import type { Connection } from "../transaction/connection.js";
import type { Transaction } from "../transaction/transaction.js";
import { toSqlValue, toText } from "./bindings.js";
import { Cursor, type CursorClass, makeCursor, type SqlRow } from "./cursor.js";
import { DroppedQueries } from "./dropped-queries.js";
import { RowSource, type StatementRunner } from "./row-source.js";
import { isSqliteError, toPlatformError } from "./sql-error.js";
import type { SqlPolicy } from "./sql-policy.js";
import { type CachedStatement, StatementCache } from "./statement-cache.js";

/** What SQLite skips before the next statement (`spec/sql` §1.2). */
const BLANK = /^[ \t\n\v\f\r]*/;

const CONFIRMED = { confirmed: true };

/** SQLite's result code for a table that an open query reads. */
const LOCKED = 6;

export interface SqlStorageParts {
  readonly connection: Connection;
  readonly transaction: Transaction;
  readonly policy: SqlPolicy;
  /** Takes what ends every query that has not been read to its end. */
  onCanceled(cancel: () => void): void;
  /** `supports.rowCounts` of the driver. */
  readonly rowCounts: "exact" | "estimated";
}

/** There for its name only: the platform shows it, and makes instances with an experimental flag. */
class Statement {
  /** @throws TypeError always */
  constructor() {
    throw illegalConstructor();
  }
}
shapeAsPlatform(Statement);

export type StatementClass = (abstract new () => object) & { readonly prototype: object };

export class SqlStorage {
  /** The class of what `exec` returns, for `instanceof`. */
  declare readonly Cursor: CursorClass;
  declare readonly Statement: StatementClass;
  readonly #parts: SqlStorageParts;
  readonly #cache = new StatementCache((entry) => {
    const { reader } = entry;
    entry.reader = undefined;
    if (reader) this.#runner.droppedQueries.watch(reader, entry);
  });
  readonly #runner: StatementRunner;
  #freePages: (() => number) | undefined;

  /** Made by the storage object only. */
  constructor(parts: SqlStorageParts) {
    this.#parts = parts;
    parts.onCanceled(() => this.#cache.cancelAll());
    this.#runner = {
      countsAreExact: parts.rowCounts === "exact",
      droppedQueries: new DroppedQueries((entry) => this.#cache.release(entry)),
      step: (entry) => this.#step(entry),
      release: (entry) => this.#cache.release(entry),
    };
  }

  /** Runs one or more statements; bindings go to the last one, whose rows the cursor reads.
   * @throws Error with SQLite's text and code (`spec/sql` §8); TypeError for an argument that cannot be converted */
  exec<T extends SqlRow = SqlRow>(query: string, ...bindings: unknown[]): Public<Cursor<T>>;
  exec(text: unknown = undefined, ...values: unknown[]): Cursor {
    if (!(#parts in this)) throw illegalInvocation();
    // biome-ignore lint/complexity/noArguments: `exec.length` is 0, and this is the path that everything takes
    if (text === undefined && arguments.length === 0) throw notOfType("exec", "SqlStorage", 1, "String");
    const query = typeof text === "string" ? text : toText(text);
    for (let i = 0; i < values.length; i++) values[i] = toSqlValue(values[i]); // in place, for the same reason
    let entry = this.#compile(query);
    while (entry.rest !== "") entry = this.#compile(this.#runEarlier(entry));
    return this.#runLast(entry, values as SqlValue[]);
  }

  /** Bytes in use: pages of the file less the free ones, times 4096; live inside a transaction (`spec/sql` §7; parity: sql-read-only-size). */
  get databaseSize(): number {
    if (!(#parts in this)) throw illegalInvocation();
    this.#parts.transaction.willRead();
    this.#freePages ??= this.#prepareFreePages();
    const pages = this.#parts.connection.database.pageCount;
    return Math.max(1, pages - this.#freePages()) * PAGE_SIZE;
  }

  #compile(sql: string): CachedStatement {
    const { connection, policy, transaction } = this.#parts;
    transaction.willRead();
    policy.startStatement(sql); // also for one that is cached: SQLite may compile it again
    const found = this.#cache.take(sql);
    if (found) return found;
    try {
      const prepared = connection.database.prepare(sql);
      if (!prepared) throw new Error(NO_STATEMENT);
      return this.#cache.add(sql, prepared.statement, prepared.tail.replace(BLANK, ""));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Runs a statement that others follow, and returns their text. It makes one step and is done. parity: sql-statement-reset */
  #runEarlier(entry: CachedStatement): string {
    try {
      if (entry.statement.parameterCount > 0) throw new Error(ONLY_LAST_HAS_PARAMETERS);
      this.#step(entry);
    } finally {
      this.#cache.release(entry);
    }
    return entry.rest;
  }

  #runLast(entry: CachedStatement, values: readonly SqlValue[]): Cursor {
    try {
      if (entry.statement.parameterCount !== values.length) throw new Error(WRONG_BINDING_COUNT);
      if (values.length > 0) entry.statement.bind(values);
    } catch (error) {
      this.#cache.release(entry);
      throw this.#failed(error);
    }
    return makeCursor(new RowSource(this.#runner, entry));
  }

  #step({ statement, isCanceled }: CachedStatement): boolean {
    const { transaction } = this.#parts;
    if (isCanceled) throw new Error(CURSOR_CANCELED); // parity: sql-canceled-cursor
    if (statement.readOnly) transaction.willRead();
    else transaction.willWrite(CONFIRMED);
    try {
      return statement.step();
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): unknown {
    if (isSqliteError(error) && (error.code & 0xff) === LOCKED) this.#cache.tellLeft(); // dropped queries may be all that locks it
    const translated = toPlatformError(this.#parts.policy, error);
    this.#parts.transaction.engineFailed(translated);
    return translated;
  }

  #prepareFreePages(): () => number {
    const statement = this.#parts.connection.prepareTrusted("PRAGMA freelist_count");
    return () =>
      this.#parts.connection.trusted(() => {
        statement.step();
        const [count] = statement.row();
        statement.reset();
        return Number(count);
      });
  }

  static {
    Object.assign(SqlStorage.prototype, { Cursor, Statement });
    shapeAsPlatform(SqlStorage);
  }
}
