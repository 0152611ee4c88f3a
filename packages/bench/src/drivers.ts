/** The engines that run on this Node. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqliteDriver } from "@holdfast/core/contract";
import { nodeSqlite } from "@holdfast/driver-node";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";

export function drivers(): SqliteDriver[] {
  const everywhere = [sqliteWasm(), sqljs()];
  if (Number.parseInt(process.versions.node, 10) < 24) return everywhere;
  return [...everywhere, nodeSqlite({ scratchDir: mkdtempSync(join(tmpdir(), "holdfast-bench-")) })];
}
