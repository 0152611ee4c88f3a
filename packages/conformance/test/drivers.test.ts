/** Every driver against what an engine must do. */
import { driverSuite } from "@holdfast/conformance";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { describe, expect, test } from "vitest";

const equal = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);

for (const driver of [sqliteWasm(), sqljs()]) {
  describe(driver.name, () => driverSuite({ test, equal, driver }));
}
