/** open-queries.ts
 * Gives back the statements of queries that nobody reads to their end.
 *
 * A cursor that is dropped half-way says nothing, and its statement stays open. Garbage collection tells, but being told costs more than a
 * small query does. So a few may stay open until the session ends; those started while so many are open are watched, and their statements
 * released when their rows can no longer be reached. */
import type { CachedStatement } from "./statement-cache.js";

/** Queries that may be open without being watched. */
const UNWATCHED = 32;

/** A query that has been started. */
export interface Query {
  readonly entry: CachedStatement;
  /** To be told of its end. */
  isWatched: boolean;
}

export class OpenQueries {
  #unwatched = 0;
  readonly #dropped: FinalizationRegistry<CachedStatement>;

  /** `release` is told of statements whose query was dropped. It must not refer to queries. */
  constructor(release: (entry: CachedStatement) => void) {
    this.#dropped = new FinalizationRegistry(release);
  }

  /** To be told of each query that has rows left after its first step. */
  opened(query: Query): void {
    if (this.#unwatched < UNWATCHED) {
      this.#unwatched += 1;
      return;
    }
    query.isWatched = true;
    this.#dropped.register(query, query.entry, query);
  }

  /** To be told when such a query has ended. */
  ended(query: Query): void {
    if (query.isWatched) this.#dropped.unregister(query);
    else this.#unwatched -= 1;
  }
}
