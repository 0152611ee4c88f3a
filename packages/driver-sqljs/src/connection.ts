/** connection.ts
 * One open database of an engine, at the level of SQLite's C interface: compile, run, errors, and whether a transaction is open. */
import { encodeWtf8, type SqliteDatabase, type SqlLimits, type SqlValue } from "@holdfast/core/contract";
import {
  applyLimits,
  inferExtendedCode,
  isKeyword,
  kindOfActions,
  type Observation,
  RowEstimator,
  SqliteFailure,
  type StatementKind,
  textAfter,
  tokenize,
} from "@holdfast/driver-kit";
import type { AuthorizeCallback, SqljsEngine } from "./engine.js";
import { PolicyGuard } from "./policy-guard.js";
import { SqljsStatement } from "./statement.js";
import { RECOMPILATIONS } from "./struct-facts.js";

const ROW = 100;
const DONE = 101;
const OK = 0;
const IOERR = 10;

/** Of nine counters. */
const COUNTER_BYTES = 36;

/** Authorizer actions. */
const PRAGMA = 19;
const ANALYZE = 28;

export interface ConnectionPolicy {
  readonly authorize?: AuthorizeCallback;
  readonly limits?: SqlLimits;
}

export class SqljsConnection implements Omit<SqliteDatabase, "pageCount"> {
  readonly engine: SqljsEngine;
  readonly pointer: number;
  readonly #statements = new Set<SqljsStatement>();
  readonly #authorize: AuthorizeCallback;
  /** Authorizer actions of the statement being compiled: stock sql.js has no `sqlite3_stmt_readonly`. */
  #actions: number[] = [];
  #closed = false;
  /** Set while a query of the driver's own runs. */
  #isOwnQuery = false;
  /** The limits a connection starts with are the largest there are. */
  #largestLimits: number[] | undefined;

  /** Set where the engine's own authorizer or limits are out of reach. */
  readonly #guard: PolicyGuard | undefined;

  /** `name` is a registered file of the engine's VFS, or `:memory:`. */
  constructor(engine: SqljsEngine, name: string, { authorize = () => 0, limits }: ConnectionPolicy = {}) {
    this.engine = engine;
    this.pointer = engine.open(name);
    this.#authorize = authorize;
    this.#authorizeAll();
    const { facts } = engine;
    if (limits && (facts.authorizer === undefined || facts.limits === undefined)) {
      this.#guard = new PolicyGuard((sql, values) => this.query(sql, values), authorize, limits);
    }
    if (limits) applyLimits(limits, (category, value) => engine.setLimit(this.pointer, category, value));
  }

  /** Stock sql.js has no `sqlite3_get_autocommit`. SQLite refuses this pragma inside a transaction, and only there; its value does not
   * matter to a database that is never synced. */
  get inTransaction(): boolean {
    this.#assertOpen();
    const { engine, pointer } = this;
    if (engine.lost) return false;
    engine.setAuthorizer(pointer, undefined);
    try {
      const sql = "PRAGMA synchronous = OFF";
      return engine.withText(sql, (text) => engine.module._sqlite3_exec(pointer, text, 0, 0, 0)) !== OK;
    } finally {
      this.#authorizeAll();
    }
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  prepare(sql: string): { statement: SqljsStatement; tail: string } | undefined {
    this.#assertOpen();
    this.#guard?.checkText(sql);
    const prepared = this.#compile(sql);
    if (!this.#guard || !prepared) return prepared;
    try {
      this.checkRun(prepared.statement);
    } catch (error) {
      prepared.statement.finalize();
      throw error;
    }
    return prepared;
  }

  /** Asks the guard about a statement as it would run now. @throws SqliteFailure */
  checkRun(statement: SqljsStatement): void {
    if (!this.#guard || this.#isOwnQuery) return;
    const reads = this.#guard.checkProgram(statement.sql, statement.parameterCount, statement.columnNames.length);
    statement.kind = reads ? "reads" : kindOfText(statement.sql);
  }

  /** @throws SqliteFailure if a value is longer than the limit that SQLite cannot be told */
  checkValue(value: SqlValue): void {
    this.#guard?.checkValue(value);
  }

  /** The same for the row that a statement has reached. */
  checkRow(statement: SqljsStatement): void {
    if (this.#guard) for (const value of statement.row()) this.#guard.checkValue(value);
  }

  #compile(sql: string): { statement: SqljsStatement; tail: string } | undefined {
    const { engine, pointer } = this;
    const text = encodeWtf8(sql); // not terminated: then SQLite says "statement too long" where the platform does
    this.#actions = [];
    return engine.withBytes(text, (at) => {
      const out = engine.allocate(8);
      const code = engine.module._sqlite3_prepare_v2(pointer, at, text.length, out, out + 4);
      const handle = engine.memory.pointer(out);
      const used = engine.memory.pointer(out + 4) - at;
      engine.module._free(out);
      if (code !== OK) throw this.failure(code);
      if (handle === 0) return undefined;
      const tail = textAfter(sql, used);
      const statement = new SqljsStatement(this, handle, sql.slice(0, sql.length - tail.length), kindOfActions(this.#actions));
      this.#statements.add(statement);
      return { statement, tail };
    });
  }

  exec(sql: string): void {
    this.#assertOpen();
    if (this.#guard) {
      this.#runEach(sql);
      return;
    }
    const text = encodeWtf8(`${sql}\0`);
    const code = this.engine.withBytes(text, (at) => this.engine.module._sqlite3_exec(this.pointer, at, 0, 0, 0));
    if (code !== OK) throw this.failure(code);
  }

  #runEach(sql: string): void {
    for (let rest = sql; ; ) {
      const prepared = this.prepare(rest);
      if (!prepared) return;
      try {
        while (prepared.statement.step());
      } finally {
        prepared.statement.finalize();
      }
      rest = prepared.tail;
    }
  }

  /** Whether there is a row. @throws SqliteFailure */
  step(statement: SqljsStatement): boolean {
    this.#assertOpen();
    const code = this.engine.module._sqlite3_step(statement.handle);
    if (code === ROW) return true;
    if (code === DONE) return false;
    throw this.failure(code);
  }

  /** Rows changed by the last INSERT, UPDATE or DELETE that completed. */
  get changes(): bigint {
    const { totalChanges } = this.engine.facts; // which nChange comes before
    if (totalChanges === undefined) return BigInt(this.engine.module._sqlite3_changes(this.pointer));
    return this.engine.memory.view.getBigInt64(this.pointer + totalChanges - 8, true);
  }

  /** The rowid of the last INSERT; within 2^53 where it has to be asked for. */
  get lastRowid(): bigint {
    const { lastRowid } = this.engine.facts;
    if (lastRowid === undefined) return BigInt(Number(this.query("SELECT last_insert_rowid()")[0]?.[0]));
    return this.engine.memory.view.getBigInt64(this.pointer + lastRowid, true);
  }

  /** The value of one of SQLite's limits; NaN where they were not found. */
  limit(category: number): number {
    const { limits } = this.engine.facts;
    return limits === undefined ? Number.NaN : this.engine.memory.view.getInt32(this.pointer + limits + category * 4, true);
  }

  /** Sets a limit, which does not go beyond what the engine was compiled for. */
  setLimit(category: number, value: number): void {
    this.engine.setLimit(this.pointer, category, Math.min(value, this.#largest(category)));
  }

  /** Sets or clears bits of the connection's flags; false where they were not found. Compiled statements keep what they were compiled with. */
  setFlags(bits: number, enabled: boolean): boolean {
    const { flags } = this.engine.facts;
    if (flags === undefined) return false;
    const { memory } = this.engine;
    const before = memory.pointer(this.pointer + flags);
    memory.setPointer(this.pointer + flags, (enabled ? before | bits : before & ~bits) >>> 0);
    return true;
  }

  /** The error for a result code. */
  failure(code: number): SqliteFailure {
    const { engine, pointer } = this;
    const { errorCode, errorOffset } = engine.facts;
    const at = (offset: number) => engine.memory.view.getInt32(pointer + offset, true);
    const message = engine.memory.text(engine.module._sqlite3_errmsg(pointer));
    const offset = errorOffset === undefined ? -1 : at(errorOffset);
    const extendedCode =
      errorCode === undefined ? inferExtendedCode(code, message, (sql, values) => this.query(sql, values)) : at(errorCode);
    return new SqliteFailure(code, message, {
      extendedCode: (extendedCode & 0xff) === (code & 0xff) ? extendedCode : code,
      offset: offset < 0 ? undefined : offset,
      cause: (code & 0xff) === IOERR ? engine.vfs.takeError() : undefined,
    });
  }

  /** EXPLAIN of a write counts as a write of nothing, which `changes()` must not tell. */
  #restoreChanges(changes: bigint): void {
    const { totalChanges } = this.engine.facts;
    if (totalChanges !== undefined) this.engine.memory.view.setBigInt64(this.pointer + totalChanges - 8, changes, true);
  }

  #largest(category: number): number {
    this.#largestLimits ??= Array.from({ length: 11 }, (_, i) => this.limit(i));
    return this.#largestLimits[category] ?? Number.POSITIVE_INFINITY;
  }

  /** Every row of a query of the driver's own; nobody is asked. */
  query(sql: string, values: readonly SqlValue[] = []): SqlValue[][] {
    this.engine.setAuthorizer(this.pointer, undefined);
    const wasOwn = this.#isOwnQuery;
    this.#isOwnQuery = true;
    const changes = this.changes;
    try {
      const rows: SqlValue[][] = [];
      const statement = this.#compile(sql)?.statement;
      if (values.length > 0) statement?.bind(values);
      while (statement?.step()) rows.push(statement.row());
      statement?.finalize();
      return rows;
    } finally {
      this.#isOwnQuery = wasOwn;
      this.#restoreChanges(changes);
      this.#authorizeAll();
    }
  }

  /** What is known of a run so far: what it returned, what it changed, and its counters as `sqlite3_stmt_status` numbers them; without
   * those where they were not found. */
  observe(statement: number, kind: StatementKind, rows: number, changed: number): Observation {
    const { counters, totalChanges } = this.engine.facts;
    const changes = kind === "changes-rows" && totalChanges !== undefined ? changed : undefined;
    const ownChanges = kind === "changes-rows" && totalChanges === undefined ? changed : undefined;
    if (counters === undefined) return { rows, changes, ownChanges };
    const { view } = this.engine.memory;
    const at = statement + counters;
    return {
      steps: view.getUint32(at, true),
      fullscanSteps: view.getUint32(at + 4, true),
      sorts: view.getUint32(at + 8, true),
      autoindex: view.getUint32(at + 12, true),
      vmSteps: view.getUint32(at + 16, true),
      filterMisses: view.getUint32(at + 28, true),
      filterHits: view.getUint32(at + 32, true),
      rows,
      changes,
      ownChanges,
    };
  }

  /** How often SQLite compiled a statement again, since it was made; `undefined` where the counters were not found. */
  recompilations(statement: number): number | undefined {
    const { counters } = this.engine.facts;
    return counters === undefined ? undefined : this.engine.memory.pointer(statement + counters + RECOMPILATIONS);
  }

  /** Rows changed since the connection was opened, those of triggers included; `undefined` where it was not found. */
  get totalChanges(): number | undefined {
    const { totalChanges } = this.engine.facts;
    return totalChanges === undefined
      ? undefined
      : Number(this.engine.memory.view.getBigInt64(this.pointer + totalChanges, true));
  }

  /** Sets the counters to zero that {@link observe} reads. */
  clearCounters(statement: number): void {
    const { counters } = this.engine.facts;
    if (counters === undefined) return;
    const { view } = this.engine.memory;
    const start = statement + counters;
    for (let at = start; at < start + COUNTER_BYTES; at += 4) if (at !== start + RECOMPILATIONS) view.setUint32(at, 0, true);
  }

  /** The estimator for a statement, if it still compiles. */
  explain(sql: string): RowEstimator | undefined {
    if (!this.isOpen) return undefined;
    try {
      return RowEstimator.of(sql, (query, values) => this.query(query, values));
    } catch {
      return undefined; // its table is gone, or is there by now: counts are estimates and never fail
    }
  }

  forget(statement: SqljsStatement): void {
    this.#statements.delete(statement);
  }

  close(): void {
    if (this.#closed) return;
    for (const statement of [...this.#statements]) statement.finalize();
    this.#closed = true;
    this.engine.close(this.pointer);
  }

  #authorizeAll(): void {
    this.engine.setAuthorizer(this.pointer, (action, a, b, c, d) => {
      // `PRAGMA optimize` runs ANALYZE, which it does not ask for by itself.
      this.#actions.push(action === PRAGMA && a?.toLowerCase() === "optimize" ? ANALYZE : action);
      return this.#authorize(action, a, b, c, d);
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error("database is not open");
  }
}

/** Of a statement that writes. */
function kindOfText(sql: string): StatementKind {
  return isKeyword(tokenize(sql)[0], "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH") ? "changes-rows" : "changes-schema";
}
