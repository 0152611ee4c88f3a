import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { test } from "vitest";
import { replayKv } from "./support/replay-kv.js";

test.each([
  ["wasm", sqliteWasm()],
  ["sqljs", sqljs()],
])("kv-cases on %s", { timeout: 120_000 }, replayKv);
