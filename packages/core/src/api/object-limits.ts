/** What one object may hold, and the memory its engine takes for it. */
import { PAGE_SIZE, type SqlLimits } from "../contract/index.js";

/** `spec/sql` §5. parity: sql-value-limit */
export const LIMITS: SqlLimits = {
  length: 2_200_000,
  sqlLength: 100_000,
  column: 100,
  exprDepth: 100,
  compoundSelect: 5,
  functionArg: 127,
  attached: 0,
  likePatternLength: 50,
  variableNumber: 100,
  triggerDepth: 10,
  workerThreads: 0,
};

/** 10 GB, the platform's limit for one object. */
const MAX_DATABASE_BYTES = 10e9;

/** How many pages an object's database may have. */
export function maxPageCount(bytes: number = MAX_DATABASE_BYTES): number {
  return Math.floor(bytes / PAGE_SIZE);
}

/** What one commit may change (T7): 1 GiB. */
export const MAX_COMMIT_BYTES: number = 1 << 30;

export const CACHE_BYTES: number = 256 * 1024;
