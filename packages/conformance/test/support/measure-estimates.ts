/** How well an engine without counters estimates: unseen queries, the truth from the real platform. */
import { plainProgram } from "@holdfast/conformance";
import type { Workerd } from "@holdfast/conformance/oracle";
import type { SqliteDriver } from "@holdfast/core/contract";
import { openStorage } from "holdfast";
import { expect } from "vitest";
import { runProgram } from "../../oracle/run-program.mjs";

const QUERIES = 480;
const FIRST_SEED = 7000;

interface Outcome {
  readonly counts?: readonly [read: number, written: number];
  readonly rows?: unknown;
}

export interface EstimateShares {
  /** Shares of exact answers, 0 to 1. */
  readonly read: number;
  readonly written: number;
  /** Mean relative error of rows read. */
  readonly error: number;
}

export async function measureEstimates(name: string, driver: SqliteDriver, workerd: Workerd): Promise<EstimateShares> {
  const programs = Array.from({ length: QUERIES }, (_, i) => plainProgram(FIRST_SEED + i));
  const theirs = await workerd.run(programs);
  const totals = { read: 0, written: 0, error: 0 };
  for (const [i, program] of programs.entries()) {
    const opened = await openStorage({ id: `query-${i}`, driver });
    const expected = theirs[i]?.at(-1) as Outcome;
    const actual = (await runProgram(opened.storage, program)).at(-1) as Outcome;
    await opened.close();
    expect(actual.rows, program.at(-1)?.sql).toEqual(expected.rows);
    const [read, written] = expected.counts ?? expect.fail(`no counts: ${JSON.stringify(expected)}`);
    if (actual.counts?.[0] === read) totals.read += 1;
    if (actual.counts?.[1] === written) totals.written += 1;
    totals.error += Math.abs(read - (actual.counts?.[0] ?? 0)) / Math.max(1, read);
  }
  const shares = { read: totals.read / QUERIES, written: totals.written / QUERIES, error: totals.error / QUERIES };
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  console.log(
    `estimates of ${name} on ${QUERIES} queries: read exact ${percent(shares.read)}, written exact ${percent(shares.written)}, mean relative error of reads ${shares.error.toFixed(3)}`,
  );
  return shares;
}
