/** driver-node against what an engine must do, and against the recording. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { driverSuite } from "@holdfast/conformance";
import { startWorkerd } from "@holdfast/conformance/oracle";
import { nodeSqlite } from "@holdfast/driver-node";
import { afterAll, describe, expect, test } from "vitest";
import { compareLimitedWrites } from "../support/limited-writes.js";
import { measureEstimates } from "../support/measure-estimates.js";
import { replayKv } from "../support/replay-kv.js";
import { replaySql } from "../support/replay-sql.js";

const scratchDir = mkdtempSync(join(tmpdir(), "holdfast-node-"));
afterAll(() => rmSync(scratchDir, { recursive: true }));

const driver = nodeSqlite({ scratchDir });
const equal = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);

describe("suite", () => driverSuite({ test, equal, driver }));

test("recorded SQL cases", () => replaySql(`node ${Number.parseInt(process.versions.node, 10)}`, driver), 300_000);

test("UPDATE and DELETE … LIMIT are what SQLite does by itself", () => compareLimitedWrites(driver));

test("recorded key-value cases", { timeout: 300_000 }, () => replayKv("node", driver));

test("estimates on unseen queries", async () => {
  const workerd = await startWorkerd();
  const { read, written, error } = await measureEstimates(`Node ${process.versions.node}`, driver, workerd);
  await workerd.stop();
  expect(written).toBeGreaterThanOrEqual(0.95);
  expect(read).toBeGreaterThanOrEqual(101 / 400); // `spec/sql` §9.3, method N24
  expect(error).toBeLessThanOrEqual(0.87);
}, 300_000);
