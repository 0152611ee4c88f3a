#!/usr/bin/env node
/** build-wasm.mjs: makes wasm/sqlite3.wasm and wasm/manifest.json. `npm run build:wasm`.
 *
 * The amalgamation comes out of a pinned npm package, the counting change is applied to it (count-rows.mjs), and Emscripten compiles it
 * together with holdfast.c. `--out FOLDER` builds somewhere else. Needs `emcc` 3.1.6 on the PATH (Debian 12: `apt-get install emscripten`). */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countRows } from "./count-rows.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** What the artefact is made from, beside the amalgamation. */
export const INPUTS = ["build-wasm.mjs", "count-rows.mjs", "holdfast.c", "source.json"];

/** Compile options: `spec/sql` says which features the platform has; what it lacks is left out, so that it is "no such" here too. */
const OPTIONS = [
  "SQLITE_OS_OTHER=1", // no file system: the VFS is JavaScript's
  "SQLITE_THREADSAFE=0",
  "SQLITE_OMIT_SHARED_CACHE",
  "SQLITE_OMIT_DEPRECATED",
  "SQLITE_ENABLE_FTS5",
  "SQLITE_ENABLE_RTREE",
  "SQLITE_ENABLE_MATH_FUNCTIONS",
  "SQLITE_ENABLE_NORMALIZE",
  "SQLITE_ENABLE_PREUPDATE_HOOK", // changes which opcodes are compiled: counters and EXPLAIN follow the platform's
  "SQLITE_ENABLE_UPDATE_DELETE_LIMIT",
  "SQLITE_DEFAULT_FOREIGN_KEYS=1",
  "SQLITE_DQS=3",
  "SQLITE_TEMP_STORE=3",
  "SQLITE_MAX_MMAP_SIZE=0",
  "SQLITE_DEFAULT_MEMSTATUS=0",
  "SQLITE_DEFAULT_PCACHE_INITSZ=0", // memory of an open database: 32 KB
  "SQLITE_DEFAULT_LOOKASIDE=0,0",
  "SQLITE_MAX_ALLOCATION_SIZE=16777216",
  "SQLITE_PRINTF_PRECISION_LIMIT=100000",
];

/** What src/sqlite-exports.ts describes. */
const EXPORTS = [
  ..."malloc free".split(" "),
  ..."set_vfs step read_counters db_config".split(" ").map((name) => `holdfast_${name}`),
  ..."initialize open_v2 close_v2 errmsg extended_errcode error_offset prepare_v3 reset finalize clear_bindings"
    .split(" ")
    .map((name) => `sqlite3_${name}`),
  ..."bind_parameter_count bind_text bind_blob bind_double bind_null column_count column_name"
    .split(" ")
    .map((name) => `sqlite3_${name}`),
  ..."stmt_readonly exec get_autocommit set_authorizer limit file_control".split(" ").map((name) => `sqlite3_${name}`),
];

const FLAGS = [
  "-O2",
  "--no-entry",
  ...Object.entries({
    STANDALONE_WASM: 1,
    ALLOW_MEMORY_GROWTH: 1,
    INITIAL_MEMORY: 16 << 20,
    MAXIMUM_MEMORY: 2 ** 32,
    TOTAL_STACK: 512 << 10,
    ALLOW_TABLE_GROWTH: 1,
    ERROR_ON_UNDEFINED_SYMBOLS: 1,
    WASM_BIGINT: 1,
    EXPORTED_FUNCTIONS: EXPORTS.map((name) => `_${name}`).join(","),
  }).flatMap(([name, value]) => ["-s", `${name}=${value}`]),
];

/** Unpacks the amalgamation of the pinned package into `folder`. @throws Error if it is not the one it should be */
export function fetchSource(folder) {
  const { package: name, version, sha256 } = JSON.parse(readFileSync(join(HERE, "source.json"), "utf8"));
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", `${name}@${version}`, "--json", "--silent", "--pack-destination", folder], {
      encoding: "utf8",
      shell: process.platform === "win32",
    }),
  );
  execFileSync("tar", ["-xzf", join(folder, filename), "-C", folder]);
  for (const [file, expected] of Object.entries(sha256)) {
    const at = join(folder, "package/deps/sqlite3", file);
    const actual = hash(readFileSync(at));
    if (actual !== expected) throw new Error(`${file} of ${name}@${version} has sha-256 ${actual}, not ${expected}`);
    copyFileSync(at, join(folder, file));
  }
}

/** Builds into `out` and returns the manifest. */
export function build(out) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-wasm-"));
  try {
    fetchSource(folder);
    writeFileSync(join(folder, "sqlite3.c"), countRows(readFileSync(join(folder, "sqlite3.c"), "utf8")));
    copyFileSync(join(HERE, "holdfast.c"), join(folder, "holdfast.c"));
    const defines = OPTIONS.map((option) => `-D${option}`);
    // Relative names, so that no path of this machine reaches the artefact.
    execFileSync("emcc", [...FLAGS, ...defines, "sqlite3.c", "holdfast.c", "-o", "sqlite3.wasm"], {
      cwd: folder,
      stdio: "inherit",
    });
    mkdirSync(out, { recursive: true });
    copyFileSync(join(folder, "sqlite3.wasm"), join(out, "sqlite3.wasm"));
    const { sha256: source } = JSON.parse(readFileSync(join(HERE, "source.json"), "utf8"));
    const compiler = execFileSync("emcc", ["--version"], { encoding: "utf8" }).split("\n")[0]?.trim();
    const manifest = { artefact: hash(readFileSync(join(out, "sqlite3.wasm"))), source, inputs: hashInputs(), compiler };
    writeFileSync(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** sha-256 of each file the artefact is made from. */
export function hashInputs() {
  return Object.fromEntries(INPUTS.map((name) => [name, hash(readFileSync(join(HERE, name)))]));
}

function hash(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf("--out");
  console.log(build(at < 0 ? join(HERE, "../wasm") : process.argv[at + 1]));
}
