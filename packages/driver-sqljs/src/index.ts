/** `@holdfast/driver-sqljs`: holdfast on stock sql.js. */
export { sqljs } from "./sqljs-driver.js";
export type { InitSqlJs, SqljsModule, SqljsParts } from "./sqljs-module.js";
