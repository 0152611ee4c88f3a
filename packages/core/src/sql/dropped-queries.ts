/** dropped-queries.ts
 * Gives back the statements of queries that nobody reads to their end.
 *
 * A cursor that is dropped half-way says nothing, and its statement stays open. Garbage collection tells, but being told costs as much as a
 * small query. So the first query of each compiled statement is watched, for compiling costs far more, and any other when it is in somebody's
 * way: when its text is asked for again, or its table is locked. */
import type { CachedStatement } from "./statement-cache.js";

export class DroppedQueries {
  readonly #dropped: FinalizationRegistry<CachedStatement>;

  /** `release` is told of statements whose query was dropped. It must not refer to queries. */
  constructor(release: (entry: CachedStatement) => void) {
    this.#dropped = new FinalizationRegistry(release);
  }

  /** Watches a query that reads, until {@link unwatch}. */
  watch(query: object, entry: CachedStatement): void {
    this.#dropped.register(query, entry, query);
  }

  unwatch(query: object): void {
    this.#dropped.unregister(query);
  }
}
