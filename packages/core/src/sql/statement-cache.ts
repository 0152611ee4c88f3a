/** Keeps compiled statements by their text, least recently used out, up to a size of SQL text (`spec/sql` §1.3).
 * A statement in use by an unfinished cursor is not handed out again: the same text is then compiled once more, uncached. */
import type { SqliteStatement } from "../contract/index.js";

/** `spec/sql` §1.3 */
const MAX_TEXT_BYTES = 1 << 20;

export interface CachedStatement {
  readonly sql: string;
  readonly tail: string;
  readonly statement: SqliteStatement;
  inUse: boolean;
  cached: boolean;
}

export class StatementCache {
  readonly #entries = new Map<string, CachedStatement>();
  #size = 0;

  /** The statement for a text, taken for use until {@link release}; compiled by `prepare` if none is free.
   * `undefined` if the text holds no statement. */
  take(sql: string, prepare: () => { statement: SqliteStatement; tail: string } | undefined): CachedStatement | undefined {
    const found = this.#entries.get(sql);
    if (found && !found.inUse) {
      found.inUse = true;
      this.#entries.delete(sql);
      this.#entries.set(sql, found);
      return found;
    }
    const prepared = prepare();
    if (!prepared) return undefined;
    const entry = { sql, ...prepared, inUse: true, cached: !found };
    if (entry.cached) {
      this.#entries.set(sql, entry);
      this.#size += sql.length;
      this.#evict();
    }
    return entry;
  }

  /** Gives a statement back. */
  release(entry: CachedStatement): void {
    entry.inUse = false;
    entry.statement.reset();
    if (!entry.cached) entry.statement.finalize();
  }

  #evict(): void {
    for (const [sql, entry] of this.#entries) {
      if (this.#size <= MAX_TEXT_BYTES) return;
      this.#entries.delete(sql);
      this.#size -= sql.length;
      entry.cached = false;
      if (!entry.inUse) entry.statement.finalize();
    }
  }
}
