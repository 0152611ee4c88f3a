/** `@holdfast/conformance`: what every driver, store and backend must pass. */
export { type DriverSuiteParts, driverSuite } from "./driver-suite.js";
export { type KvCase, type KvCaseContext, type KvCaseParts, type KvOutcome, replayKvCase } from "./kv-case.js";
export { logStoreSuite, type SuiteParts } from "./log-store-suite.js";
export { ArrayImage, type OpenedDatabase, openDatabase, query } from "./open-database.js";
export { plainProgram } from "./plain-program.js";
export { randomSession, type Session, type SessionCall, type SessionStep } from "./random-session.js";
export { randomProgram, type SqlStep } from "./random-sql.js";
export { type ClassProgram, prepareRuntimeCase, type RuntimeCase, type RuntimeModule, sameOutcome } from "./runtime-case.js";
export { type CaseOutcome, replaySqlCase, type SqlCase, type SqlCaseStorage } from "./sql-case.js";
export { RECORDED_LENGTH, type SqlTotals, sqlTotals } from "./sql-totals.js";
export { decodeValue, encodeValue, fromHex, type Specials, toHex } from "./value-encoding.js";
