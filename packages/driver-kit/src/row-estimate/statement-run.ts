/** row-estimate/statement-run.ts
 * What is known of one run of a statement, and the rows it is estimated to have read and written.
 *
 * Taking a reading is cheap: a few words of memory. The estimate costs milliseconds, so it is made when somebody looks, and never throws. */
import type { RowCounts } from "@holdfast/core/contract";
import type { RowEstimator } from "./estimate.js";
import type { Observation } from "./solve.js";

export class StatementRun {
  /** Whoever looked before was told this many: counts only grow. */
  #told = 0;

  /** Both are asked for when somebody looks; the estimator is `undefined` if the statement cannot be explained any more. */
  counts(observe: () => Observation, estimator: () => RowEstimator | undefined): RowCounts {
    return new LazyCounts(() => {
      const observation = observe();
      const made = estimator()?.estimate(observation) ?? {
        rowsRead: observation.rows ?? 0,
        rowsWritten: observation.changes ?? 0,
      };
      this.#told = Math.max(this.#told, made.rowsRead);
      return { rowsRead: this.#told, rowsWritten: made.rowsWritten };
    });
  }
}

class LazyCounts implements RowCounts {
  readonly #make: () => RowCounts;
  #made: RowCounts | undefined;

  constructor(make: () => RowCounts) {
    this.#make = make;
  }

  get rowsRead(): number {
    this.#made ??= this.#make();
    return this.#made.rowsRead;
  }

  get rowsWritten(): number {
    this.#made ??= this.#make();
    return this.#made.rowsWritten;
  }
}
