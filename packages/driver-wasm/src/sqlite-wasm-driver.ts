/** The holdfast driver on our own build of SQLite. */
import type { DriverSupport, OpenOptions, SqliteDatabase, SqliteDriver } from "@holdfast/core/contract";
import { WasmDatabase } from "./database.js";
import { Engine } from "./engine.js";
import { loadWasm } from "./load-wasm.js";

const SUPPORTS: DriverSupport = {
  fts5: true,
  rtree: true,
  authorizer: true,
  limits: true,
  limitedWrites: true,
  errorOffset: true,
  quota: "commit",
  rowCounts: "exact",
  capture: "vfs",
  exactText: true,
};

export interface SqliteWasmOptions {
  /** The bytes or the compiled module of `@holdfast/driver-wasm/sqlite3.wasm`, where the package cannot find its file: in some bundles. */
  readonly wasm?: BufferSource | WebAssembly.Module;
  /** Milliseconds since the epoch, for SQL's date functions; the system's clock if left out. */
  readonly now?: () => number;
  /** Fills with random bytes, for SQL's `random()`; the platform's generator if left out. */
  readonly random?: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** A driver on holdfast's build of SQLite 3.54.1 with FTS5, R*Tree and exact row counts; in Node and in browsers. All its databases share
 * one wasm instance, made at the first `open`, and made anew if it is lost to a trap. */
export function sqliteWasm(options: SqliteWasmOptions = {}): SqliteDriver {
  const system = {
    now: options.now ?? (() => Date.now()),
    random: options.random ?? ((bytes: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(bytes)),
  };
  let engine: Engine | undefined;
  return {
    name: "wasm",
    supports: SUPPORTS,
    async open(open: OpenOptions): Promise<SqliteDatabase> {
      const module = await compiled(options.wasm);
      if (!engine || engine.lost) engine = new Engine(module, system);
      return new WasmDatabase(engine, open);
    },
  };
}

async function compiled(wasm: SqliteWasmOptions["wasm"]): Promise<WebAssembly.Module> {
  if (wasm === undefined) return loadWasm();
  return wasm instanceof WebAssembly.Module ? wasm : WebAssembly.compile(wasm);
}
