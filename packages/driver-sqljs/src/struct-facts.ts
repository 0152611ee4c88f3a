/** struct-facts.ts
 * Where stock sql.js keeps what it does not export: fields of SQLite's own structures.
 *
 * Each is found by what surrounds it or by what it holds at a known moment, then proved by use: an authorizer that is called and obeyed,
 * a limit that is enforced, an error code that follows three different errors. A place that looks right and does not work is not
 * believed, and what is not found is done without (`policy-guard.ts`, `driver-kit`). */
import type { SqljsEngine } from "./engine.js";

export interface StructFacts {
  /** Offset in `sqlite3` of `xAuth`; its argument follows. */
  readonly authorizer: number | undefined;
  /** Offset in `sqlite3` of `aLimit[0]`. */
  readonly limits: number | undefined;
  /** Offset in `sqlite3` of `errCode`, the extended result code. */
  readonly errorCode: number | undefined;
  /** Offset in `sqlite3` of `errByteOffset`. */
  readonly errorOffset: number | undefined;
  /** Offset in `sqlite3` of `nTotalChange`, 64 bits. */
  readonly totalChanges: number | undefined;
  /** Offset in `sqlite3` of `lastRowid`, 64 bits. */
  readonly lastRowid: number | undefined;
  /** Offset in `sqlite3` of the lower 32 bits of `flags`. */
  readonly flags: number | undefined;
  /** Offset in `Vdbe` of the pointer to the bound values, 40 bytes each, which begin with their integer. */
  readonly variables: number | undefined;
  /** Offset in `Vdbe` of `aCounter[0]`, what `sqlite3_stmt_status` reads. */
  readonly counters: number | undefined;
}

export const NO_FACTS: StructFacts = {
  authorizer: undefined,
  limits: undefined,
  errorCode: undefined,
  errorOffset: undefined,
  totalChanges: undefined,
  lastRowid: undefined,
  flags: undefined,
  variables: undefined,
  counters: undefined,
};

/** How far into `sqlite3` to look. */
const SEARCH_BYTES = 1200;
/** How far into `Vdbe`. */
const SEARCH_STATEMENT_BYTES = 400;

const ACTION_SELECT = 21;
const LIMIT_COLUMN = 2;

export function findStructFacts(engine: SqljsEngine): StructFacts {
  const database = engine.open(":memory:");
  try {
    const errorCode = findErrorCode(engine, database);
    return {
      authorizer: findAuthorizer(engine, database),
      limits: findLimits(engine, database),
      errorCode,
      errorOffset: errorCode === undefined ? undefined : findErrorOffset(engine, database, errorCode),
      totalChanges: findTotalChanges(engine, database),
      lastRowid: findLastRowid(engine, database),
      flags: findFlags(engine, database),
      variables: findVariables(engine, database),
      counters: findCounters(engine, database),
    };
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

/** Where the update hook is; 0 where sql.js does not export the function that sets it. */
function findUpdateHook(engine: SqljsEngine, database: number): number {
  const setHook = engine.module._sqlite3_update_hook;
  if (!setHook) return 0;
  const MARK = 0x5a5a1234;
  const callback = engine.install(() => {}, "viiiij");
  setHook(database, callback, MARK);
  let found = 0;
  for (let offset = 0; offset < SEARCH_BYTES; offset += 4) {
    const isHook = engine.memory.pointer(database + offset) === MARK && engine.memory.pointer(database + offset + 4) === callback;
    if (isHook) found = offset;
  }
  setHook(database, 0, 0);
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

/** The one word that holds the extended code after each of these. */
function findErrorCode(engine: SqljsEngine, database: number): number | undefined {
  run(engine, database, "CREATE TABLE facts(a INTEGER PRIMARY KEY, b UNIQUE, c NOT NULL DEFAULT 0, d CHECK (d > 0))");
  run(engine, database, "INSERT INTO facts(a, b) VALUES (1, 1)");
  const errors: [sql: string, extendedCode: number][] = [
    ["INSERT INTO facts(a) VALUES (1)", 1555],
    ["INSERT INTO facts(b) VALUES (1)", 2067],
    ["INSERT INTO facts(c) VALUES (NULL)", 1299],
    ["INSERT INTO facts(d) VALUES (0)", 275],
    ["no SQL", 1],
  ];
  return theOne(engine, SEARCH_BYTES, errors, ([sql, code]) => {
    run(engine, database, sql);
    return { at: database, value: code };
  });
}

/** `errByteOffset` follows `errCode` since SQLite 3.38. */
function findErrorOffset(engine: SqljsEngine, database: number, errorCode: number): number | undefined {
  const offsets: [sql: string, offset: number][] = [
    ["SELECT nope", 7],
    ["SELECT         nope", 15],
    ["SELECT 'é😀', nope", 17],
    ["SELECT (1", -1],
  ];
  const isThere = offsets.every(([sql, offset]) => {
    run(engine, database, sql);
    return engine.memory.view.getInt32(database + errorCode + 4, true) === offset;
  });
  return isThere ? errorCode + 4 : undefined;
}

/** `nTotalChange` follows `nChange`; SQL can ask for both. */
function findTotalChanges(engine: SqljsEngine, database: number): number | undefined {
  run(engine, database, "CREATE TABLE changed(a)");
  const writes = [
    "INSERT INTO changed VALUES (1), (2), (3)",
    "UPDATE changed SET a = a + 1 WHERE a > 1",
    "DELETE FROM changed",
    "INSERT INTO changed VALUES (1), (2), (3), (4), (5)",
  ];
  let candidates = Array.from({ length: SEARCH_BYTES / 8 - 1 }, (_, i) => i * 8 + 8);
  for (const sql of writes) {
    run(engine, database, sql);
    const statement = stepOnce(engine, database, "SELECT changes(), total_changes()");
    const [changes, total] = [0, 1].map((column) => BigInt(engine.module._sqlite3_column_double(statement, column)));
    engine.module._sqlite3_finalize(statement);
    const { view } = engine.memory;
    candidates = candidates.filter(
      (offset) =>
        view.getBigInt64(database + offset - 8, true) === changes && view.getBigInt64(database + offset, true) === total,
    );
  }
  return candidates.length === 1 ? candidates[0] : undefined;
}

function findLastRowid(engine: SqljsEngine, database: number): number | undefined {
  run(engine, database, "CREATE TABLE rowids(a INTEGER PRIMARY KEY)");
  let candidates = Array.from({ length: SEARCH_BYTES / 8 - 1 }, (_, i) => i * 8);
  for (const rowid of [7_340_033n, -5n, 2n ** 40n + 3n]) {
    run(engine, database, `INSERT INTO rowids VALUES (${rowid})`);
    candidates = candidates.filter((offset) => engine.memory.view.getBigInt64(database + offset, true) === rowid);
  }
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** Bits of `flags`, part of SQLite's own interface to its debugger only. */
const FOREIGN_KEYS = 0x4000;
const DOUBLE_QUOTED_IN_DML = 0x4000_0000;

/** The word in which `PRAGMA foreign_keys` shows; proved by the bit that lets strings stand in double quotes. */
function findFlags(engine: SqljsEngine, database: number): number | undefined {
  const word = (offset: number) => engine.memory.pointer(database + offset);
  let candidates = Array.from({ length: SEARCH_BYTES / 4 }, (_, i) => i * 4);
  for (const [setting, bit] of [
    ["ON", FOREIGN_KEYS],
    ["OFF", 0],
    ["ON", FOREIGN_KEYS],
    ["OFF", 0],
  ] as const) {
    run(engine, database, `PRAGMA foreign_keys = ${setting}`);
    candidates = candidates.filter((offset) => (word(offset) & FOREIGN_KEYS) === bit);
  }
  const isFlags = (offset: number): boolean => {
    const before = word(offset);
    const outcome = (value: number) => {
      engine.memory.setPointer(database + offset, value >>> 0);
      return run(engine, database, 'SELECT "a string"') === 0;
    };
    const works = outcome(before | DOUBLE_QUOTED_IN_DML) && !outcome(before & ~DOUBLE_QUOTED_IN_DML);
    engine.memory.setPointer(database + offset, before);
    return works;
  };
  return candidates.length === 1 && isFlags(candidates[0] as number) ? candidates[0] : undefined;
}

/** The pointer that leads to a bound integer; proved by an integer of 64 bits put there, which the statement returns. */
function findVariables(engine: SqljsEngine, database: number): number | undefined {
  const MARK = 0x5a5a1234;
  const BIG = 2n ** 62n + 12345n;
  const { module, memory } = engine;
  // With cursors and arguments of virtual tables, the arrays beside the values are not empty, and so do not begin where those do.
  return engine.withText("SELECT 1, ?2 FROM pragma_table_info('facts'), sqlite_schema", (text) => {
    const out = engine.allocate(4);
    module._sqlite3_prepare_v2(database, text, -1, out, 0);
    const statement = memory.pointer(out);
    module._free(out);
    module._sqlite3_bind_int(statement, 2, MARK);
    const leads = (offset: number): boolean => {
      const at = memory.pointer(statement + offset) + VARIABLE_BYTES;
      return at > 1024 && at + 8 < memory.bytes.length && memory.pointer(at) === MARK;
    };
    const candidates = Array.from({ length: SEARCH_STATEMENT_BYTES / 4 }, (_, i) => i * 4).filter(leads);
    const [found] = candidates;
    if (found !== undefined) memory.view.setBigInt64(memory.pointer(statement + found) + VARIABLE_BYTES, BIG, true);
    module._sqlite3_step(statement);
    const returned = memory.text(module._sqlite3_column_text(statement, 1));
    module._sqlite3_finalize(statement);
    return candidates.length === 1 && returned === String(BIG) ? found : undefined;
  });
}

/** Bytes of one bound value on wasm32. */
export const VARIABLE_BYTES = 40;

/** Where in `aCounter` recompilations are, the one counter of a statement's whole life. */
export const RECOMPILATIONS = 20;

/** `aCounter` by what scans, sorts and seeks over ten rows leave there. */
function findCounters(engine: SqljsEngine, database: number): number | undefined {
  run(engine, database, "CREATE TABLE ten(a INTEGER PRIMARY KEY, b)");
  run(
    engine,
    database,
    "WITH n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 10) INSERT INTO ten SELECT i, -i FROM n",
  );
  // Slots: 0 steps of seeking loops, 1 of full scans, 2 sorts, 3 rows of automatic indexes, 5 recompilations, 6 runs.
  const queries: [sql: string, slots: Readonly<Record<number, number>>][] = [
    ["SELECT * FROM ten", { 0: 0, 1: 9, 2: 0, 3: 0, 5: 0, 6: 1 }],
    ["SELECT * FROM ten ORDER BY b", { 1: 9, 2: 1, 3: 0, 5: 0, 6: 1 }],
    ["SELECT * FROM ten WHERE a > 4", { 0: 5, 1: 0, 2: 0, 3: 0, 5: 0, 6: 1 }],
  ];
  let candidates: number[] | undefined;
  for (const [sql, slots] of queries) {
    const statement = stepToEnd(engine, database, sql);
    const slot = (offset: number, index: number) => engine.memory.view.getUint32(statement + offset + index * 4, true);
    const fits: number[] = [];
    for (let offset = 0; offset < SEARCH_STATEMENT_BYTES; offset += 4) {
      if (Object.entries(slots).every(([index, value]) => slot(offset, Number(index)) === value)) fits.push(offset);
    }
    candidates = candidates?.filter((offset) => fits.includes(offset)) ?? fits;
    engine.module._sqlite3_finalize(statement);
  }
  const [found] = candidates ?? [];
  return candidates?.length === 1 && found !== undefined && countsRecompilations(engine, database, found) ? found : undefined;
}

function countsRecompilations(engine: SqljsEngine, database: number, counters: number): boolean {
  const statement = stepToEnd(engine, database, "SELECT * FROM ten");
  const count = () => engine.memory.pointer(statement + counters + RECOMPILATIONS);
  const before = count();
  engine.module._sqlite3_reset(statement);
  run(engine, database, "ALTER TABLE ten ADD COLUMN c");
  engine.module._sqlite3_step(statement);
  const after = count();
  engine.module._sqlite3_finalize(statement);
  return before === 0 && after === 1;
}

/** The only offset at which a word holds, case by case, the value that the case leads to. */
function theOne<T>(
  engine: SqljsEngine,
  bytes: number,
  cases: readonly T[],
  provoke: (one: T) => { at: number; value: number },
): number | undefined {
  let candidates = Array.from({ length: bytes / 4 }, (_, i) => i * 4);
  for (const one of cases) {
    const { at, value } = provoke(one);
    candidates = candidates.filter((offset) => engine.memory.view.getInt32(at + offset, true) === value);
  }
  return candidates.length === 1 ? candidates[0] : undefined;
}

const ROW = 100;

/** A statement that has run to its end, to be finalized. */
function stepToEnd(engine: SqljsEngine, database: number, sql: string): number {
  const statement = stepOnce(engine, database, sql);
  while (engine.module._sqlite3_step(statement) === ROW);
  return statement;
}

/** A statement that stands on its first row, to be finalized. */
function stepOnce(engine: SqljsEngine, database: number, sql: string): number {
  return engine.withText(sql, (text) => {
    const out = engine.allocate(4);
    engine.module._sqlite3_prepare_v2(database, text, -1, out, 0);
    const statement = engine.memory.pointer(out);
    engine.module._free(out);
    engine.module._sqlite3_step(statement);
    return statement;
  });
}

function run(engine: SqljsEngine, database: number, sql: string): number {
  return engine.withText(sql, (text) => engine.module._sqlite3_exec(database, text, 0, 0, 0));
}
