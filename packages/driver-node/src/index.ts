/** `@holdfast/driver-node`: holdfast on Node's own SQLite. */
export { type NodeSqliteOptions, nodeSqlite } from "./node-sqlite-driver.js";
