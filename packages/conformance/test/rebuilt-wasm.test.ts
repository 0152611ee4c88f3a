/** Where the compiler is, the wasm that it makes from the sources passes what the committed one passes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { expect, test } from "vitest";
import { build } from "../../driver-wasm/build/build-wasm.mjs";
import { replaySql } from "./support/replay-sql.js";

const compiler = spawnSync("emcc", ["--version"], { encoding: "utf8" });

test.skipIf(compiler.status !== 0)(
  "rebuilt",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-rebuilt-"));
    const manifest = build(folder);
    const committed = JSON.parse(readFileSync(new URL("../../driver-wasm/wasm/manifest.json", import.meta.url), "utf8"));
    if (manifest.compiler === committed.compiler) expect(manifest.artefact).toBe(committed.artefact);
    await replaySql("wasm", sqliteWasm({ wasm: readFileSync(join(folder, "sqlite3.wasm")) }));
    rmSync(folder, { recursive: true });
  },
  600_000,
);
