/** sql/sql-storage.ts
 * `ctx.storage.sql`.
 *
 * The order of work in `exec` is observable and fixed (`spec/sql` §1): convert the query, convert the bindings, then statement by
 * statement: compile, check parameters, open the turn's transaction if it writes, bind, make the first step. A failure in a later
 * statement leaves the earlier ones applied. */
import { NO_STATEMENT, notOfType, ONLY_LAST_HAS_PARAMETERS, WRONG_BINDING_COUNT } from "../messages.js";
import type { Connection } from "../transaction/connection.js";
import type { Transaction } from "../transaction/transaction.js";
import { toSqlValue, toText } from "./bindings.js";
import { Cursor } from "./cursor.js";
import { RowSource } from "./row-source.js";
import { withPlatformErrors } from "./sql-error.js";
import type { SqlPolicy } from "./sql-policy.js";
import { type CachedStatement, StatementCache } from "./statement-cache.js";

const PAGE_BYTES = 4096;

/** What SQLite skips before the next statement (`spec/sql` §1.2). */
const BLANK = /^[ \t\n\v\f\r]*/;

export interface SqlStorageParts {
  readonly connection: Connection;
  readonly transaction: Transaction;
  readonly policy: SqlPolicy;
}

export class SqlStorage {
  readonly #parts: SqlStorageParts;
  readonly #cache = new StatementCache();
  #freePages: (() => number) | undefined;

  /** Made by the storage object only. */
  constructor(parts: SqlStorageParts) {
    this.#parts = parts;
  }

  /** Runs one or more statements; bindings go to the last one, whose rows the cursor reads.
   * @throws Error with SQLite's text and code (`spec/sql` §8); TypeError for an argument that cannot be converted */
  exec(...args: [query: string, ...bindings: unknown[]]): Cursor {
    if (args.length === 0) throw notOfType("exec", "SqlStorage", 1, "String");
    const query = toText(args[0]);
    const values = args.slice(1).map(toSqlValue);
    let rest = query;
    for (;;) {
      const entry = this.#compile(rest);
      try {
        const last = entry.tail.replace(BLANK, "") === "";
        if (!last && entry.statement.parameterCount > 0) throw new Error(ONLY_LAST_HAS_PARAMETERS);
        if (last && entry.statement.parameterCount !== values.length) throw new Error(WRONG_BINDING_COUNT);
        if (last) return new Cursor(this.#run(entry, () => entry.statement.bind(values)));
        this.#step(entry);
      } catch (error) {
        if (entry.inUse) this.#cache.release(entry);
        throw error;
      }
      this.#cache.release(entry); // parity: sql-statement-reset
      rest = entry.tail.replace(BLANK, "");
    }
  }

  /** Bytes in use: pages of the file less the free ones, times 4096; live inside a transaction (`spec/sql` §7). */
  get databaseSize(): number {
    this.#parts.transaction.willRead();
    this.#freePages ??= this.#prepareFreePages();
    const pages = this.#parts.connection.database.pageCount;
    return Math.max(1, pages - this.#freePages()) * PAGE_BYTES;
  }

  get [Symbol.toStringTag](): string {
    return "SqlStorage";
  }

  #compile(sql: string): CachedStatement {
    this.#parts.transaction.willRead();
    const { connection, policy } = this.#parts;
    const entry = withPlatformErrors(policy, () => this.#cache.take(sql, () => connection.database.prepare(sql)), sql);
    if (!entry) throw new Error(NO_STATEMENT);
    return entry;
  }

  #run(entry: CachedStatement, bind: () => void): RowSource {
    withPlatformErrors(this.#parts.policy, bind);
    return new RowSource({
      statement: entry.statement,
      step: () => this.#step(entry),
      finished: () => this.#cache.release(entry),
    });
  }

  #step(entry: CachedStatement): boolean {
    const { transaction, policy } = this.#parts;
    if (entry.statement.readOnly) transaction.willRead();
    else transaction.willWrite({ confirmed: true });
    return transaction.watch(() => withPlatformErrors(policy, () => entry.statement.step()));
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
}
