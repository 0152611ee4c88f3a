/** `limits` of `node:sqlite`: SQLite's limits as properties. */
import type { SqljsConnection } from "../connection.js";
import { isInt32 } from "./arguments.js";
import { nodeError } from "./node-error.js";

/** In SQLite's order; their numbers are their places. */
export const LIMIT_NAMES = [
  "length",
  "sqlLength",
  "column",
  "exprDepth",
  "compoundSelect",
  "vdbeOp",
  "functionArg",
  "attach",
  "likePatternLength",
  "variableNumber",
  "triggerDepth",
] as const;

const LENGTH = 0;
const LEAST_LENGTH = 30;

export type DatabaseLimits = { [name in (typeof LIMIT_NAMES)[number]]: number };

/** @param connection the open one, or throws
 * @param largest what the engine was compiled for */
export function makeLimits(connection: () => SqljsConnection): DatabaseLimits {
  const limits = {};
  LIMIT_NAMES.forEach((name, category) => {
    Object.defineProperty(limits, name, {
      enumerable: true,
      get: () => connection().limit(category),
      set: (value: unknown) => setLimit(connection(), category, value),
    });
  });
  return limits as DatabaseLimits;
}

function setLimit(connection: SqljsConnection, category: number, value: unknown): void {
  if (value === Number.POSITIVE_INFINITY) {
    connection.setLimit(category, 2 ** 31 - 1);
    return;
  }
  if (!isInt32(value)) throw nodeError("ERR_INVALID_ARG_TYPE", "Limit value must be a non-negative integer or Infinity.");
  if (value < 0) throw nodeError("ERR_OUT_OF_RANGE", "Limit value must be non-negative.");
  applyLimit(connection, category, value);
}

export function applyLimit(connection: SqljsConnection, category: number, value: number): void {
  connection.setLimit(category, category === LENGTH ? Math.max(value, LEAST_LENGTH) : value);
}
