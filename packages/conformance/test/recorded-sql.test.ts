/** Recorded results of the real platform, replayed on the drivers that run everywhere. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { SqliteDriver } from "@holdfast/core/contract";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { test } from "vitest";
import { replaySql } from "./support/replay-sql.js";

/** The oldest sql.js that is supported. */
function oldestSqljs(): SqliteDriver {
  const require = createRequire(import.meta.url);
  const wasm = readFileSync(require.resolve("sql.js-oldest/dist/sql-wasm.wasm"));
  return sqljs({ initSqlJs: require("sql.js-oldest/dist/sql-wasm.js"), wasm });
}

const drivers: Record<string, SqliteDriver> = {
  wasm: sqliteWasm(),
  sqljs: sqljs(),
  "sqljs 1.8.0": oldestSqljs(),
  "sqljs without struct facts": sqljs({ structFacts: false }),
};

for (const [name, driver] of Object.entries(drivers)) test(name, () => replaySql(name, driver), 300_000);
