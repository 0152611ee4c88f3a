/** `@holdfast/driver-kit`: what several drivers share. For people who write a driver. */
export { AUTHORIZED } from "./authorizer.js";
export { inferExtendedCode } from "./extended-code.js";
export { NO_TABLE, type Rewritten, rewriteLimitedWrite, type TableKey } from "./limited-write.js";
export { type LimitedWriteParts, prepareLimitedWrite } from "./limited-write-statement.js";
export { applyLimits, LIMIT_CATEGORIES } from "./limits.js";
export { bindingsOf, type Parameters, parametersOf } from "./parameters.js";
export { RowEstimator } from "./row-estimate/estimate.js";
export type { Observation } from "./row-estimate/solve.js";
export { StatementRun } from "./row-estimate/statement-run.js";
export { type FailureDetails, SqliteFailure } from "./sqlite-failure.js";
export { kindOfActions, type StatementKind } from "./statement-kind.js";
export { type Query, tableKey } from "./table-key.js";
export { textAfter } from "./text-after.js";
export { firstStatement, isKeyword, nameOf, type Token, type TokenKind, tokenize } from "./tokens.js";
