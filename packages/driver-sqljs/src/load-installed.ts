/** Finds the installed sql.js on Node. Its script keeps one module for everybody who loads it; holdfast patches the module it uses, so
 * it loads a copy of its own and leaves the shared one as it was. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { InitSqlJs, SqljsParts } from "./sqljs-module.js";

export function loadInstalled(): SqljsParts {
  const require = createRequire(import.meta.url);
  const script = require.resolve("sql.js/dist/sql-wasm.js");
  const shared = require.cache[script];
  delete require.cache[script];
  try {
    const initSqlJs: InitSqlJs = require(script);
    return { initSqlJs, wasm: readFileSync(require.resolve("sql.js/dist/sql-wasm.wasm")) };
  } finally {
    if (shared) require.cache[script] = shared;
    else delete require.cache[script];
  }
}
