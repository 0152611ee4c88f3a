/** `@holdfast/driver-wasm`: holdfast's reference engine, our own build of SQLite. */
export { type SqliteWasmOptions, sqliteWasm } from "./sqlite-wasm-driver.js";
