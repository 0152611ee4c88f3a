/** Recorded results of the real platform, replayed on every driver. The totals may only grow: `totals.json` is what they were. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RECORDED_LENGTH, type SqlCase, sqlTotals } from "@holdfast/conformance";
import type { SqliteDriver } from "@holdfast/core/contract";
import { nodeSqlite } from "@holdfast/driver-node";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { openStorage } from "holdfast";
import { afterAll, expect, test } from "vitest";

const load = (path: string) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), "utf8"));
const cases: SqlCase[] = load("cases/sql-cases.json");
const pinned: Record<string, Record<string, number>> = load("totals.json").sql;

/** The oldest sql.js that is supported. */
function oldestSqljs(): SqliteDriver {
  const require = createRequire(import.meta.url);
  const wasm = readFileSync(require.resolve("sql.js-oldest/dist/sql-wasm.wasm"));
  return sqljs({ initSqlJs: require("sql.js-oldest/dist/sql-wasm.js"), wasm });
}

const scratchDir = mkdtempSync(join(tmpdir(), "holdfast-sql-"));
afterAll(() => rmSync(scratchDir, { recursive: true }));

const drivers: Record<string, SqliteDriver> = {
  wasm: sqliteWasm(),
  sqljs: sqljs(),
  "sqljs 1.8.0": oldestSqljs(),
  "sqljs without struct facts": sqljs({ structFacts: false }),
};
const node = Number.parseInt(process.versions.node, 10);
if (node >= 24) drivers[`node ${node}`] = nodeSqlite({ scratchDir });

for (const [name, driver] of Object.entries(drivers)) {
  test(name, async () => {
    let objects = 0;
    const open = () => openStorage({ id: `case-${objects++}`, driver, limits: { length: RECORDED_LENGTH } });
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
