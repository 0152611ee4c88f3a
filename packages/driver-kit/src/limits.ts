/** SQLite's limit categories. */
import type { SqlLimits } from "@holdfast/core/contract";

/** By number, as `sqlite3_limit` takes them. */
export const LIMIT_CATEGORIES: readonly (keyof SqlLimits)[] = [
  "length",
  "sqlLength",
  "column",
  "exprDepth",
  "compoundSelect",
  "vdbeOp",
  "functionArg",
  "attached",
  "likePatternLength",
  "variableNumber",
  "triggerDepth",
  "workerThreads",
];

/** Calls `set` for each limit that is given. */
export function applyLimits(limits: SqlLimits, set: (category: number, value: number) => void): void {
  LIMIT_CATEGORIES.forEach((name, category) => {
    const value = limits[name];
    if (value !== undefined) set(category, value);
  });
}
