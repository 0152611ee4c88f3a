/** `@holdfast/driver-kit`: what several drivers share. For people who write a driver. */
export { AUTHORIZED } from "./authorizer.js";
export { applyLimits, LIMIT_CATEGORIES } from "./limits.js";
export { type FailureDetails, SqliteFailure } from "./sqlite-failure.js";
export { textAfter } from "./text-after.js";
