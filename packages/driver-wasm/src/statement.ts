/** One compiled statement of our SQLite. */
import type { RowCounts, SqliteStatement, SqlValue } from "@holdfast/core/contract";
import type { WasmDatabase } from "./database.js";
import { bindValue, readRow } from "./values.js";

const DONE = 101;

/** Longer values are let go of when a statement is reset: a cached statement would keep them. */
const KEPT_LENGTH = 1024;

const NO_ROW: SqlValue[] = [];
const NO_NAMES: readonly string[] = [];
const NOTHING: RowCounts = { rowsRead: 0, rowsWritten: 0 };

export class WasmStatement implements SqliteStatement {
  readonly readOnly: boolean;
  readonly parameterCount: number;
  readonly #database: WasmDatabase;
  readonly #handle: number;
  #row: SqlValue[] = NO_ROW;
  /** Whether it has stepped since the last reset, and whether the engine must be told of the next: at its end a run resets itself. */
  #hasStepped = false;
  #isUnfinished = false;
  #columnNames: readonly string[] | undefined;
  #recompiled = 0;
  #holdsMuch = false;
  #finalized = false;

  constructor(database: WasmDatabase, handle: number) {
    const { exports } = database.engine;
    this.#database = database;
    this.#handle = handle;
    this.readOnly = exports.sqlite3_stmt_readonly(handle) !== 0;
    this.parameterCount = exports.sqlite3_bind_parameter_count(handle);
  }

  get columnNames(): readonly string[] {
    const handle = this.#use();
    if (this.#columnNames === NO_NAMES && !this.readOnly) return NO_NAMES; // a write without RETURNING has none, whatever becomes of the schema
    const recompiled = this.#counters().getUint32(this.#database.engine.run + 8, true);
    if (this.#columnNames && recompiled === this.#recompiled) return this.#columnNames;
    const { engine } = this.#database;
    this.#recompiled = recompiled;
    this.#columnNames = engine.call(({ sqlite3_column_count, sqlite3_column_name }) =>
      Array.from({ length: sqlite3_column_count(handle) }, (_, i) => engine.memory.text(sqlite3_column_name(handle, i))),
    );
    if (this.#columnNames.length === 0) this.#columnNames = NO_NAMES;
    return this.#columnNames;
  }

  bind(values: readonly SqlValue[]): void {
    const handle = this.#use();
    const { engine } = this.#database;
    const count = Math.max(this.parameterCount, values.length);
    let code = 0;
    try {
      for (let i = 0; i < count && code === 0; i++) {
        const value = values[i] ?? null;
        if (value !== null && typeof value !== "number" && value.length > KEPT_LENGTH) this.#holdsMuch = true;
        code = bindValue(engine, handle, i + 1, value);
      }
    } catch (error) {
      throw engine.caught(error);
    }
    if (code !== 0) throw this.#database.failure(code);
  }

  step(): boolean {
    return this.#step(false);
  }

  stepTransient(): boolean {
    return this.#step(true);
  }

  #step(isTransient: boolean): boolean {
    const handle = this.#use();
    const { engine } = this.#database;
    if (!this.#isUnfinished) this.#database.beforeRun();
    let code: number;
    try {
      engine.lastStepped = this;
      this.#hasStepped = true;
      this.#isUnfinished = true;
      code = engine.exports.holdfast_step(handle, engine.run);
    } catch (error) {
      throw engine.caught(error);
    }
    if (code < 0) {
      this.#row = readRow(engine, -1 - code, isTransient);
      return true;
    }
    if (code !== DONE) throw this.#database.failure(code);
    this.#isUnfinished = false;
    return false;
  }

  row(): SqlValue[] {
    return this.#row;
  }

  reset(): void {
    if (this.#finalized || this.#database.engine.lost) return;
    const { exports } = this.#database.engine;
    try {
      if (this.#isUnfinished) exports.sqlite3_reset(this.#handle);
      if (this.#holdsMuch) exports.sqlite3_clear_bindings(this.#handle);
    } catch (error) {
      throw this.#database.engine.caught(error);
    }
    this.#hasStepped = false;
    this.#isUnfinished = false;
    this.#holdsMuch = false;
    this.#row = NO_ROW;
  }

  finalize(): void {
    if (this.#finalized) return;
    this.#finalized = true;
    this.#database.forget(this);
    if (!this.#database.engine.lost) this.#database.engine.call((exports) => exports.sqlite3_finalize(this.#handle));
  }

  counts(): RowCounts {
    this.#use();
    if (!this.#hasStepped) return NOTHING;
    const view = this.#counters();
    const { run } = this.#database.engine;
    return { rowsRead: view.getUint32(run, true), rowsWritten: view.getUint32(run + 4, true) };
  }

  /** The engine's memory, this statement's counters in it. */
  #counters(): DataView {
    const { engine } = this.#database;
    if (engine.lastStepped !== this) {
      engine.exports.holdfast_read_counters(this.#handle, engine.run);
      engine.lastStepped = this;
    }
    return engine.memory.view;
  }

  /** @throws Error if the statement or its database is gone: its memory may be another's; HoldfastError if the instance is lost */
  #use(): number {
    const { lost } = this.#database.engine;
    if (lost) throw lost;
    if (this.#finalized) throw new Error("statement has been finalized");
    return this.#handle;
  }
}
