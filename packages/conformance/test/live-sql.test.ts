/** Random programs, on the real workerd and here. `PROGRAMS=2500 SEED=101 npx vitest run packages/conformance/test/live-sql.test.ts` runs more. */
import { randomProgram, type SqlStep } from "@holdfast/conformance";
import { startWorkerd, type Workerd } from "@holdfast/conformance/oracle";
import type { SqliteDriver } from "@holdfast/core/contract";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { openStorage } from "holdfast";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runProgram } from "../oracle/run-program.mjs";
import { measureEstimates } from "./support/measure-estimates.js";

const FIRST = Number(process.env["SEED"] ?? 1);
const PROGRAMS = Number(process.env["PROGRAMS"] ?? 300);

let workerd: Workerd;
beforeAll(async () => {
  workerd = await startWorkerd();
});
afterAll(() => workerd.stop());

async function here(program: readonly SqlStep[], driver: SqliteDriver): Promise<unknown[]> {
  const opened = await openStorage({ id: "program", driver });
  const outcomes = await runProgram(opened.storage, program).catch((error: Error) => [{ reset: error.message }]);
  await opened.close().catch(() => undefined); // what reset the object has been told already
  return JSON.parse(JSON.stringify(outcomes));
}

test("driver-wasm: rows, names, errors, counters and sizes are the platform's", async () => {
  const driver = sqliteWasm();
  let steps = 0;
  let errors = 0;
  for (let first = FIRST; first < FIRST + PROGRAMS; first += 50) {
    const seeds = Array.from({ length: Math.min(50, FIRST + PROGRAMS - first) }, (_, i) => first + i);
    const programs = seeds.map(randomProgram);
    const theirs = await workerd.run(programs);
    for (const [i, program] of programs.entries()) {
      const ours = await here(program, driver);
      const differs = ours.findIndex((outcome, k) => JSON.stringify(outcome) !== JSON.stringify(theirs[i]?.[k]));
      const told = `SEED=${seeds[i]} PROGRAMS=1, step ${differs}: ${program[differs]?.sql} ${JSON.stringify(program[differs]?.bindings)}`;
      if (differs >= 0) expect(ours[differs], told).toEqual(theirs[i]?.[differs]);
      expect(ours.length).toBe(theirs[i]?.length);
      steps += ours.length;
      errors += ours.filter((outcome) => (outcome as { error?: unknown }).error !== undefined).length;
    }
  }
  console.log(
    `workerd ${workerd.version}: ${PROGRAMS} programs, ${steps} statements (${errors} of them errors) from seed ${FIRST}, all equal`,
  );
  expect(errors).toBeGreaterThan(steps / 20);
  expect(errors).toBeLessThan(steps / 2);
}, 600_000);

test("driver-sqljs: estimates on unseen queries", async () => {
  const { read, written, error } = await measureEstimates("stock sql.js", sqljs(), workerd);
  expect(written).toBeGreaterThanOrEqual(0.95);
  expect(read).toBeGreaterThanOrEqual(317 / 400); // `spec/sql` §9.3, method C
  expect(error).toBeLessThan(0.025);
}, 300_000);
