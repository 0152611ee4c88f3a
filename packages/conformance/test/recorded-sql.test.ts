/** Recorded results of the real platform, replayed on every driver. The totals may only grow: `totals.json` is what they were. */
import { readFileSync } from "node:fs";
import { RECORDED_LENGTH, type SqlCase, sqlTotals } from "@holdfast/conformance";
import type { SqliteDriver } from "@holdfast/core/contract";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { openStorage } from "holdfast";
import { expect, test } from "vitest";

const load = (path: string) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), "utf8"));
const cases: SqlCase[] = load("cases/sql-cases.json");
const pinned: Record<string, Record<string, number>> = load("totals.json").sql;

const drivers: Record<string, SqliteDriver> = {
  wasm: sqliteWasm(),
  sqljs: sqljs(),
  "sqljs without struct facts": sqljs({ structFacts: false }),
};

for (const [name, driver] of Object.entries(drivers)) {
  test(name, async () => {
    const open = () => openStorage({ id: "case", driver, limits: { length: RECORDED_LENGTH } });
    const { different, ...totals } = await sqlTotals(cases, driver.supports, open);
    const offsets = totals.offsetOnly > 0 ? `, ${totals.offsetOnly} more but for an offset` : "";
    const counters = `counters of ${totals.counted}: read ${totals.read}, written ${totals.written}, behind exec ${totals.atExec}`;
    console.log(`sql on ${name}: ${totals.equal}/${totals.cases} equal${offsets}; ${counters}`);
    if (process.env["SHOW_DIFFERENT"]) console.log(different.join("\n"));
    expect(totals.cases).toBe(pinned[name]?.["cases"]);
    for (const [what, least] of Object.entries(pinned[name] ?? {})) {
      expect([what, totals[what as keyof typeof totals]]).toEqual([what, expect.toSatisfy((total: number) => total >= least)]);
    }
  }, 300_000);
}
