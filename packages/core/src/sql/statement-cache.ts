/** Keeps compiled statements by their text, least recently used out, up to a size of SQL text (`spec/sql` §1.3).
 * A statement in use by an unfinished cursor is not handed out again: the same text is then compiled once more, uncached. */
import type { SqliteStatement } from "../contract/index.js";

/** `spec/sql` §1.3 */
const MAX_TEXT_LENGTH = 1 << 20;

/** A compiled statement, and its place in the order of use. */
export interface CachedStatement {
  readonly sql: string;
  readonly statement: SqliteStatement;
  /** The text of the statements behind this one, without leading blanks; empty for the last. */
  readonly rest: string;
  inUse: boolean;
  /** The query that is reading it, as long as nobody watches whether it is dropped. */
  reader: object | undefined;
  /** It has just been compiled, and runs for the first time. */
  isFresh: boolean;
  /** Its tables are gone from under the query that is using it. */
  isCanceled: boolean;
  cached: boolean;
  older: CachedStatement | undefined;
  newer: CachedStatement | undefined;
}

export class StatementCache {
  readonly #entries = new Map<string, CachedStatement>();
  /** Those that are not kept by their text too. */
  readonly #all = new Set<CachedStatement>();
  readonly #onLeft: (entry: CachedStatement) => void;
  #oldest: CachedStatement | undefined;
  #newest: CachedStatement | undefined;
  #size = 0;

  /** `onLeft` is told of statements whose query should have ended: they are in somebody's way. */
  constructor(onLeft: (entry: CachedStatement) => void = () => {}) {
    this.#onLeft = onLeft;
  }

  /** Tells of every statement that is in use. */
  tellLeft(): void {
    for (const entry of this.#all) if (entry.inUse) this.#onLeft(entry);
  }

  /** A free statement for a text, taken for use until {@link release}. */
  take(sql: string): CachedStatement | undefined {
    const found = this.#newest?.sql === sql ? this.#newest : this.#entries.get(sql); // in a loop it is the newest
    if (found?.inUse) this.#onLeft(found);
    if (!found || found.inUse) return undefined;
    found.inUse = true;
    found.isCanceled = false;
    if (found !== this.#newest) {
      this.#unlink(found);
      this.#link(found);
    }
    return found;
  }

  /** Takes a freshly compiled statement in, in use. */
  add(sql: string, statement: SqliteStatement, rest: string): CachedStatement {
    const cached = !this.#entries.has(sql);
    const links = { older: undefined, newer: undefined };
    const entry: CachedStatement = {
      sql,
      statement,
      rest,
      inUse: true,
      reader: undefined,
      isFresh: true,
      isCanceled: false,
      cached,
      ...links,
    };
    this.#all.add(entry);
    if (cached) {
      this.#entries.set(sql, entry);
      this.#link(entry);
      this.#size += sql.length;
      while (this.#size > MAX_TEXT_LENGTH && this.#oldest) this.#evict(this.#oldest);
    }
    return entry;
  }

  /** Gives a statement back. */
  release(entry: CachedStatement): void {
    entry.inUse = false;
    entry.isFresh = false;
    entry.statement.reset();
    if (!entry.cached) this.#finalize(entry);
  }

  /** Ends every query that has not been read to its end. */
  cancelAll(): void {
    for (const entry of this.#all) {
      if (!entry.inUse) continue;
      entry.isCanceled = true;
      entry.statement.reset();
    }
  }

  #finalize(entry: CachedStatement): void {
    this.#all.delete(entry);
    entry.statement.finalize();
  }

  #evict(entry: CachedStatement): void {
    this.#entries.delete(entry.sql);
    this.#unlink(entry);
    this.#size -= entry.sql.length;
    entry.cached = false;
    if (!entry.inUse) this.#finalize(entry);
  }

  #link(entry: CachedStatement): void {
    entry.older = this.#newest;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #unlink(entry: CachedStatement): void {
    if (entry.older) entry.older.newer = entry.newer;
    else this.#oldest = entry.newer;
    if (entry.newer) entry.newer.older = entry.older;
    else this.#newest = entry.older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}
