/** Cloudflare's messages, verbatim, in one place; each with the section of the recorded behaviour it comes from. */

/** spec/sql §1.2 */
export const NO_STATEMENT = "SQL code did not contain a statement.";
/** spec/sql §1.1 */
export const WRONG_BINDING_COUNT = "Wrong number of parameter bindings for SQL query.";
/** spec/sql §1.1 */
export const ONLY_LAST_HAS_PARAMETERS =
  "When executing multiple SQL statements in a single call, only the last statement can have parameters.";
/** spec/sql §2 */
export const ONE_BUT_NONE = "Expected exactly one result from SQL query, but got no results.";
/** spec/sql §2 */
export const ONE_BUT_MANY = "Expected exactly one result from SQL query, but got multiple results.";
/** spec/sql §4 */
export const NO_TRANSACTION_STATEMENTS =
  "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing.";
/** spec/kv §1.8 */
export const TOO_BIG = "string or blob too big: SQLITE_TOOBIG";
/** spec/kv §1.3 */
export const PUT_UNDEFINED = "put() called with undefined value.";
/** spec/kv §1.3 */
export const PUT_FORMS =
  "put() may only be called with a single key-value pair and optional options as put(key, value, options) or with multiple key-value pairs and optional options as put(entries, options)";
/** spec/kv §1.5 */
export const LIST_START_AND_START_AFTER = "list() cannot be called with both start and startAfter values.";
/** spec/kv §1.5 */
export const LIST_LIMIT = "List limit must be positive.";
/** spec/kv §1.5 */
export const OUT_OF_INT32 = "Value out of range. Must be between -2147483648 and 2147483647 (inclusive).";
/** spec/kv §2 */
export const ITERATOR_INVALIDATED =
  "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one kv.list() iterator can exist at a time.";
/** spec/runtime §8.2 */
export const NOT_A_DATE = "The value cannot be converted because it is not a valid Date.";
/** spec/runtime §4.3 */
export const ABORTED = "Application called abort() to reset Durable Object.";

/** spec/kv §1.1: a required argument is missing or of the wrong kind. */
export function notOfType(method: string, owner: string, parameter: number, type: string): TypeError {
  return new TypeError(`Failed to execute '${method}' on '${owner}': parameter ${parameter} is not of type '${type}'.`);
}

/** spec/runtime §3: a deferred constraint is violated when the turn ends. */
export function commitConstraint(reason: string): Error {
  return new Error(
    `Durable Object was reset and rolled back to its last known good state because the application left the database in a state where constraints were violated: ${reason}`,
  );
}

/** spec/runtime §8.3 */
export const malformedBookmark = (bookmark: string): TypeError => new TypeError(`Invalid bookmark: ${bookmark}`);
/** spec/runtime §8.3 */
export const foreignBookmark = (bookmark: string): Error =>
  new Error(`Bookmark ${bookmark} is not valid for this Durable Object.`);
/** spec/runtime §8.3 */
export const futureTimestamp = (ms: number): Error =>
  new Error(`Invalid timestamp '${ms}'. Please provide a timestamp in the past`);
/** spec/runtime §8.3 */
export const oldTimestamp = (ms: number, retentionMs: number): Error =>
  new Error(`Invalid timestamp '${ms}'. Please provide a timestamp within the last ${duration(retentionMs)}`);

/** What was older has been given up for the bytes that the history may have. */
export const tooOldForHistory = (ms: number, oldestMs: number): Error =>
  new Error(`Invalid timestamp '${ms}'. Please provide a timestamp from '${oldestMs}' on: older history was given up`);

const DAY_MS = 24 * 60 * 60 * 1000;

function duration(ms: number): string {
  return ms % DAY_MS === 0 ? `${ms / DAY_MS} days` : `${ms} milliseconds`;
}

/** spec/runtime §1.5 */
export const NESTED_TOO_DEEPLY = "blockConcurrencyWhile() calls are nested too deeply.";
/** spec/runtime §1.5; also of `transaction()` */
export const sectionTimeout = (): Error =>
  Object.assign(
    new Error(
      "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset.",
    ),
    { overloaded: true },
  );

/** spec/kv §5.1 */
export const NO_DELETE_ALL_IN_TRANSACTION = "Cannot call deleteAll() within a transaction";
/** spec/kv §5.1 */
export const OUTER_ROLLBACK = "Cannot roll back an outer transaction while a nested transaction is still running.";
/** spec/kv §5.1 */
export const rolledBack = (method: string): Error => new Error(`Cannot ${method}() on rolled back transaction`);
/** spec/kv §5.1 */
export const alreadyCommitted = (method: string): Error =>
  new Error(`Cannot call ${method}() on transaction that has already committed: did you move \`txn\` outside of the closure?`);
/** spec/kv §6 */
export const CURSOR_CANCELED = "SQLite query was canceled because the database was deleted.";

/** spec/kv §1.2 */
export const tooManyKeys = (count: number): RangeError =>
  new RangeError(`Maximum number of key value pairs is 128. ${count} pairs were provided.`);
/** spec/kv §1.8 */
export const keyTooLarge = (bytes: number): RangeError =>
  new RangeError(`Keys cannot be larger than 2048 bytes. A key of size ${bytes} was provided.`);
/** spec/kv §1.8 */
export const valueTooLarge = (bytes: number): RangeError =>
  new RangeError(`Values cannot be larger than 131072 bytes. A value of size ${bytes} was provided.`);
/** spec/kv §4.2 */
export const CACHE_OVERFLOW =
  "Durable Object's isolate exceeded its memory limit due to overflowing the storage cache. This could be due to writing too many values to storage without stopping to wait for writes to complete, or due to reading too many values in a single operation (e.g. a large list()). All objects in the isolate were reset.";
/** spec/kv §7 */
export const NO_SQL =
  "This Durable Object is not backed by SQLite storage, so the SQL API is not available. SQL can be enabled on a new Durable Object class by using the `new_sqlite_classes` instead of `new_classes` under `[[migrations]]` in your wrangler.toml, but an already-deployed class cannot be converted to SQLite (except by deleting the existing data).";
/** spec/kv §7 */
export const NO_SYNC_KV =
  "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but this object's namespace is not declared to use SQLite. You can use the older, asyncronous interface via methods of `storage` itself (e.g. `storage.get()`). SQLite can be enabled on a new Durable Object class by using the `new_sqlite_classes` instead of `new_classes` under `migrations` in your wrangler.jsonc or wrangler.toml, but an already-deployed class cannot be converted to SQLite (except by deleting the existing data).";
/** spec/kv §7 */
export const NO_TRANSACTION_SYNC = "Durable Object is not backed by SQL.";
/** spec/kv §7 */
export const NO_RECOVERY = "This Durable Object's storage back-end does not implement point-in-time recovery.";
/** spec/kv §5.1 */
export const AS_OF_TIME =
  "Incorrect type for the 'asOfTime' field on 'TransactionOptions': the provided value is not of type 'date'.";

/** spec/runtime §7.1 */
export const ALARM_NOT_POSITIVE = "setAlarm() cannot be called with an alarm time <= 0";
/** spec/runtime §7.1 */
export const ALARM_TOO_LATE = "This API doesn't support dates after 2189.";
/** spec/runtime §7.1 */
export const NO_ALARM_HANDLER = "Your Durable Object class must have an alarm() handler in order to call setAlarm()";
