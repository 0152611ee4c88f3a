/** The drivers that run everywhere, against what an engine must do. */
import { driverSuite } from "@holdfast/conformance";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { describe, expect, test } from "vitest";

const equal = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);
const drivers = { wasm: sqliteWasm(), sqljs: sqljs(), "sqljs without struct facts": sqljs({ structFacts: false }) };

for (const [name, driver] of Object.entries(drivers)) describe(name, () => driverSuite({ test, equal, driver }));
