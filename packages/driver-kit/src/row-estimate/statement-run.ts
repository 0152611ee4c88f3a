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

  /** @param estimator made on first use; `undefined` if the statement cannot be explained any more */
  counts(observation: Observation, estimator: () => RowEstimator | undefined): RowCounts {
    let made: RowCounts | undefined;
    const make = (): RowCounts => {
      if (made) return made;
      made = estimator()?.estimate(observation) ?? { rowsRead: observation.rows ?? 0, rowsWritten: observation.changes ?? 0 };
      this.#told = Math.max(this.#told, made.rowsRead);
      made = { rowsRead: this.#told, rowsWritten: made.rowsWritten };
      return made;
    };
    return {
      get rowsRead() {
        return make().rowsRead;
      },
      get rowsWritten() {
        return make().rowsWritten;
      },
    };
  }
}
