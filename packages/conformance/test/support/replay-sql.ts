/** Replays the recorded SQL cases on one driver, prints what came out, and holds it against `totals.json`: the totals may only grow. */
import { readFileSync } from "node:fs";
import { RECORDED_LENGTH, type SqlCase, sqlTotals } from "@holdfast/conformance";
import type { SqliteDriver } from "@holdfast/core/contract";
import { openStorage } from "holdfast";
import { expect } from "vitest";

const load = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));

export async function replaySql(name: string, driver: SqliteDriver): Promise<void> {
  const cases: SqlCase[] = load("cases/sql-cases.json");
  const pinned: Record<string, number> = load("totals.json").sql[name] ?? {};
  let objects = 0;
  const open = () => openStorage({ id: `case-${objects++}`, driver, limits: { length: RECORDED_LENGTH } });
  const { different, ...totals } = await sqlTotals(cases, driver.supports, open);
  const offsets = totals.offsetOnly > 0 ? `, ${totals.offsetOnly} more but for an offset` : "";
  const counters = `counters of ${totals.counted}: read ${totals.read}, written ${totals.written}, behind exec ${totals.atExec}`;
  console.log(`sql on ${name}: ${totals.equal}/${totals.cases} equal${offsets}; ${counters}`);
  if (process.env["SHOW_DIFFERENT"]) console.log(different.join("\n"));
  expect(totals.cases).toBe(pinned["cases"]);
  for (const [what, least] of Object.entries(pinned)) {
    expect([what, totals[what as keyof typeof totals]]).toEqual([what, expect.toSatisfy((total: number) => total >= least)]);
  }
}
