/** struct-facts.ts
 * Where stock sql.js keeps what it does not export: the authorizer and the limits of a connection.
 *
 * Both are found by what surrounds them in `sqlite3`, then proved by use: an authorizer that is called and obeyed, a limit that is
 * enforced. A place that looks right and does not work is not believed. */
import type { SqljsEngine } from "./engine.js";

export interface StructFacts {
  /** Offset of `xAuth`; its argument follows. */
  readonly authorizer: number;
  /** Offset of `aLimit[0]`. */
  readonly limits: number;
}

/** How far into `sqlite3` to look. */
const SEARCH_BYTES = 1200;

const ACTION_SELECT = 21;
const LIMIT_COLUMN = 2;

/** The facts, or why they could not be established. */
export function findStructFacts(engine: SqljsEngine): StructFacts | string {
  const database = engine.open(":memory:");
  try {
    const limits = findLimits(engine, database);
    if (limits === undefined) return "its limits were not found";
    const authorizer = findAuthorizer(engine, database);
    return authorizer === undefined ? "its authorizer was not found" : { limits, authorizer };
  } finally {
    engine.close(database);
  }
}

/** `aLimit` begins with defaults that no other array has: length, SQL length, columns, depth, compound terms, program size. */
function findLimits(engine: SqljsEngine, database: number): number | undefined {
  const at = (offset: number, index: number) => engine.memory.view.getInt32(database + offset + index * 4, true);
  for (let offset = 0; offset < SEARCH_BYTES; offset += 4) {
    const looksRight =
      at(offset, 0) === 1_000_000_000 &&
      at(offset, 1) >= 1_000_000 &&
      at(offset, 2) === 2000 &&
      at(offset, 3) === 1000 &&
      at(offset, 4) === 500 &&
      at(offset, 5) === 250_000_000;
    if (looksRight && limitWorks(engine, database, offset)) return offset;
  }
  return undefined;
}

function limitWorks(engine: SqljsEngine, database: number, offset: number): boolean {
  const before = engine.memory.view.getInt32(database + offset + LIMIT_COLUMN * 4, true);
  engine.setLimit(database, LIMIT_COLUMN, 8, offset); // not below 5, which SQLite's own schema table needs
  const works = run(engine, database, "SELECT 1,2,3,4,5,6,7,8") === 0 && run(engine, database, "SELECT 1,2,3,4,5,6,7,8,9") !== 0;
  engine.setLimit(database, LIMIT_COLUMN, before, offset);
  return works;
}

/** `xAuth` follows the lookaside allocator, whose last fields point to the same end; the update hook, which can be set, lies before. */
function findAuthorizer(engine: SqljsEngine, database: number): number | undefined {
  const hook = findUpdateHook(engine, database);
  const at = (offset: number, index: number) => engine.memory.pointer(database + offset + index * 4);
  for (let offset = hook; offset < SEARCH_BYTES; offset += 4) {
    const start = at(offset, 0);
    const withMiddle = start <= at(offset, 1) && at(offset, 1) <= at(offset, 2) && at(offset, 2) === at(offset, 3);
    const isArea = (end: number) => start > 65536 && end > start && end - start < 200_000;
    if (withMiddle && isArea(at(offset, 2)) && authorizerWorks(engine, database, offset + 16)) return offset + 16;
    if (at(offset, 1) === at(offset, 2) && isArea(at(offset, 1)) && authorizerWorks(engine, database, offset + 12))
      return offset + 12;
  }
  return undefined;
}

function findUpdateHook(engine: SqljsEngine, database: number): number {
  const MARK = 0x5a5a1234;
  const callback = engine.install(() => {}, "viiiij");
  engine.module._sqlite3_update_hook(database, callback, MARK);
  let found = 0;
  for (let offset = 0; offset < SEARCH_BYTES; offset += 4) {
    const isHook = engine.memory.pointer(database + offset) === MARK && engine.memory.pointer(database + offset + 4) === callback;
    if (isHook) found = offset;
  }
  engine.module._sqlite3_update_hook(database, 0, 0);
  return found;
}

function authorizerWorks(engine: SqljsEngine, database: number, offset: number): boolean {
  if (engine.memory.pointer(database + offset) !== 0 || engine.memory.pointer(database + offset + 4) !== 0) return false;
  const actions: number[] = [];
  engine.setAuthorizer(
    database,
    (action) => {
      actions.push(action);
      return 0;
    },
    offset,
  );
  const allowed = run(engine, database, "SELECT 1") === 0 && actions.includes(ACTION_SELECT);
  engine.setAuthorizer(database, () => 1, offset);
  const denied = run(engine, database, "CREATE TABLE denied(a)") !== 0;
  engine.setAuthorizer(database, undefined, offset);
  return allowed && denied && run(engine, database, "SELECT 1") === 0;
}

function run(engine: SqljsEngine, database: number, sql: string): number {
  return engine.withText(sql, (text) => engine.module._sqlite3_exec(database, text, 0, 0, 0));
}
