/** Ratios that must hold, each between medians of one run. Another process on the machine can spoil a run, so each has five. */
import { compareInserts, compareSelects, databaseCosts } from "@holdfast/bench";
import { startWorkerd, type Workerd } from "@holdfast/conformance/oracle";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROUNDS = 7;
const driver = sqliteWasm();

let workerd: Workerd;
beforeAll(async () => {
  workerd = await startWorkerd();
});
afterAll(() => workerd.stop());

describe("driver-wasm", { retry: 4, timeout: 120_000 }, () => {
  test("20,000 inserts in one turn: twice as fast as the real platform, at most 1.5 times a bare loop", async () => {
    const { workerd: platform, holdfast, bare } = await compareInserts(driver, workerd, ROUNDS);
    console.log(
      `inserts: ${(platform / holdfast).toFixed(2)}x faster than workerd, ${(holdfast / bare).toFixed(2)}x the bare loop's time`,
    );
    expect(platform / holdfast).toBeGreaterThanOrEqual(2);
    expect(holdfast / bare).toBeLessThanOrEqual(1.5);
  });

  test("20,000 exec().one() by primary key: three times as fast, at most 1.5 times a bare loop", async () => {
    const { workerd: platform, holdfast, bare } = await compareSelects(driver, workerd, ROUNDS);
    console.log(
      `selects: ${(platform / holdfast).toFixed(2)}x faster than workerd, ${(holdfast / bare).toFixed(2)}x the bare loop's time`,
    );
    expect(platform / holdfast).toBeGreaterThanOrEqual(3);
    expect(holdfast / bare).toBeLessThanOrEqual(1.5);
  });

  test("an open database takes at most 64 KB", async () => {
    const { kilobytes } = await databaseCosts(driver);
    expect(kilobytes).toBeGreaterThan(1);
    expect(kilobytes).toBeLessThanOrEqual(64);
  });
});
