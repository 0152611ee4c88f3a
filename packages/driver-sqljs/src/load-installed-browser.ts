/** In a browser nobody can look for the installed sql.js. */
import { HoldfastError } from "@holdfast/core/contract";
import type { SqljsParts } from "./sqljs-module.js";

/** @throws HoldfastError `HOLDFAST_USAGE` always */
export function loadInstalled(): SqljsParts {
  throw new HoldfastError(
    "HOLDFAST_USAGE",
    "In a browser, pass sql.js in: sqljs({ initSqlJs, wasm }), its script's function and the bytes of sql-wasm.wasm.",
  );
}
