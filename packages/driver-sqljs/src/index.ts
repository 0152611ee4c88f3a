/** `@holdfast/driver-sqljs`: holdfast on stock sql.js. */

export { DatabaseSync, type DatabaseSyncOptions } from "./node-sqlite/database-sync.js";
export { StatementSync } from "./node-sqlite/statement-sync.js";
export { sqljs } from "./sqljs-driver.js";
export type { InitSqlJs, SqljsModule, SqljsParts } from "./sqljs-module.js";
