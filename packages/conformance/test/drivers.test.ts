/** Every driver against what an engine must do. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { driverSuite } from "@holdfast/conformance";
import { nodeSqlite } from "@holdfast/driver-node";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { afterAll, describe, expect, test } from "vitest";

const equal = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);

const scratchDir = mkdtempSync(join(tmpdir(), "holdfast-driver-"));
afterAll(() => rmSync(scratchDir, { recursive: true }));

const drivers = { wasm: sqliteWasm(), sqljs: sqljs(), "sqljs without struct facts": sqljs({ structFacts: false }) };
for (const [name, driver] of Object.entries(drivers)) {
  describe(name, () => driverSuite({ test, equal, driver }));
}

describe.skipIf(Number.parseInt(process.versions.node, 10) < 24)("node", () =>
  driverSuite({ test, equal, driver: nodeSqlite({ scratchDir }) }),
);
