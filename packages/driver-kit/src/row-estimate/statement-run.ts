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

  /** `estimator` is asked when somebody looks; it is `undefined` if the statement cannot be explained any more. */
  counts(observation: Observation, estimator: () => RowEstimator | undefined): RowCounts {
    return new LazyCounts(this, observation, estimator);
  }

  /** The estimate for an observation of this run. */
  estimate(observation: Observation, estimator: () => RowEstimator | undefined): RowCounts {
    const made = estimator()?.estimate(observation) ?? {
      rowsRead: observation.rows ?? 0,
      rowsWritten: observation.changes ?? 0,
    };
    this.#told = Math.max(this.#told, made.rowsRead);
    return { rowsRead: this.#told, rowsWritten: made.rowsWritten };
  }
}

class LazyCounts implements RowCounts {
  readonly #run: StatementRun;
  readonly #observation: Observation;
  readonly #estimator: () => RowEstimator | undefined;
  #made: RowCounts | undefined;

  constructor(run: StatementRun, observation: Observation, estimator: () => RowEstimator | undefined) {
    this.#run = run;
    this.#observation = observation;
    this.#estimator = estimator;
  }

  get rowsRead(): number {
    return this.#make().rowsRead;
  }

  get rowsWritten(): number {
    return this.#make().rowsWritten;
  }

  #make(): RowCounts {
    this.#made ??= this.#run.estimate(this.#observation, this.#estimator);
    return this.#made;
  }
}
