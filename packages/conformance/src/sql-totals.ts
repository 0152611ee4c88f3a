/** Replays the recorded SQL cases on one driver and adds them up. */
import type { DriverSupport } from "@holdfast/core/contract";
import { replaySqlCase, type SqlCase, type SqlCaseStorage } from "./sql-case.js";

export interface SqlTotals {
  /** Cases that the driver's `supports` do not exclude. */
  readonly cases: number;
  /** Same rows, names and errors. */
  readonly equal: number;
  /** The same but for a missing error offset; not in `equal`. */
  readonly offsetOnly: number;
  /** Cases that end with rows, and those whose counters are equal. */
  readonly counted: number;
  readonly atExec: number;
  readonly read: number;
  readonly written: number;
  readonly different: readonly string[];
}

/** SQLite's limit on a value on the platform of the recording, in bytes. */
export const RECORDED_LENGTH = 8_388_642;

/** @param open a fresh object's storage with `limits.length` of {@link RECORDED_LENGTH} */
export async function sqlTotals(
  cases: readonly SqlCase[],
  supports: DriverSupport,
  open: () => Promise<{ readonly storage: SqlCaseStorage; close(): Promise<void> }>,
): Promise<SqlTotals> {
  const totals = { cases: 0, equal: 0, offsetOnly: 0, counted: 0, atExec: 0, read: 0, written: 0 };
  const different: string[] = [];
  for (const recorded of cases) {
    if (recorded.tags?.some((tag) => (tag === "fts5" && !supports.fts5) || (tag === "rtree" && !supports.rtree))) continue;
    totals.cases += 1;
    const opened = await open();
    const outcome = await replaySqlCase(opened.storage, recorded);
    await opened.close().catch(() => undefined); // some cases break their object
    if (outcome.kind === "equal") totals.equal += 1;
    else different.push(`${recorded.name}: ${JSON.stringify(outcome).slice(0, 400)}`);
    if (outcome.kind === "offset-only") totals.offsetOnly += 1;
    if (outcome.kind !== "equal" || !outcome.counts) continue;
    totals.counted += 1;
    if (outcome.counts.atExec) totals.atExec += 1;
    if (outcome.counts.read) totals.read += 1;
    if (outcome.counts.written) totals.written += 1;
  }
  return { ...totals, different };
}
