/** One compiled statement of sql.js. */
import { encodeWtf8, type RowCounts, type SqliteStatement, type SqlValue } from "@holdfast/core/contract";
import { type RowEstimator, type StatementKind, StatementRun } from "@holdfast/driver-kit";
import type { SqljsConnection } from "./connection.js";

const OK = 0;
const RANGE = 25;
const TRANSIENT = -1;

const INTEGER = 1;
const FLOAT = 2;
const TEXT = 3;
const BLOB = 4;

export class SqljsStatement implements SqliteStatement {
  readonly #handle: number;
  readonly parameterCount: number;
  /** The statement's own text. */
  readonly sql: string;
  kind: StatementKind;
  readonly #connection: SqljsConnection;
  #columnNames: readonly string[] | undefined;
  /** How often it had been recompiled by then. */
  #recompiled: number | undefined;
  #rows = 0;
  /** Rows changed by this run. */
  #changes = 0;
  #before: number | undefined;
  #isRunning = false;
  #run = new StatementRun();
  #estimator: { readonly made: RowEstimator | undefined } | undefined;
  #finalized = false;

  constructor(connection: SqljsConnection, handle: number, sql: string, kind: StatementKind) {
    this.#connection = connection;
    this.#handle = handle;
    this.sql = sql;
    this.kind = kind;
    this.parameterCount = this.#countParameters();
  }

  get isFinalized(): boolean {
    return this.#finalized;
  }

  get readOnly(): boolean {
    return this.kind === "reads";
  }

  /** @throws Error if it was finalized: its memory may be another statement's */
  get handle(): number {
    if (this.#finalized) throw new Error("statement has been finalized");
    return this.#handle;
  }

  get columnNames(): readonly string[] {
    const recompiled = this.#connection.recompilations(this.handle);
    if (!this.#columnNames || recompiled === undefined || recompiled !== this.#recompiled) {
      const { module, memory } = this.#connection.engine;
      this.#recompiled = recompiled;
      if (this.#columnNames && this.kind !== "changes-schema") this.#estimator = undefined; // it is of another program
      this.#columnNames = Array.from({ length: module._sqlite3_column_count(this.handle) }, (_, i) =>
        memory.text(module._sqlite3_column_name(this.handle, i)),
      );
    }
    return this.#columnNames;
  }

  bind(values: readonly SqlValue[]): void {
    this.#connection.engine.module._sqlite3_clear_bindings(this.handle);
    for (let i = 0; i < values.length; i++) this.bindAt(i + 1, values[i] as SqlValue);
  }

  bindAt(index: number, value: SqlValue): void {
    this.#connection.checkValue(value);
    const { engine } = this.#connection;
    const { module } = engine;
    let code = OK;
    const short = typeof value === "string" ? engine.text.write(value) : -1;
    if (typeof value === "number") code = module._sqlite3_bind_double(this.handle, index, value);
    else if (short >= 0) code = module._sqlite3_bind_text(this.handle, index, engine.text.at, short, TRANSIENT);
    else if (value !== null) {
      const bytes = typeof value === "string" ? encodeWtf8(value) : value;
      const bind = typeof value === "string" ? module._sqlite3_bind_text : module._sqlite3_bind_blob;
      code = engine.withBytes(bytes, (at) => bind(this.handle, index, at, bytes.length, TRANSIENT));
    }
    if (code !== OK) throw this.#connection.failure(code);
  }

  step(): boolean {
    if (!this.#isRunning) this.#connection.checkRun(this);
    const changesRows = this.kind === "changes-rows";
    if (changesRows && !this.#isRunning) this.#before = this.#connection.totalChanges;
    // A changed schema cannot be explained afterwards.
    if (this.kind === "changes-schema" && !this.#isRunning) this.#estimator = { made: this.#connection.explain(this.sql) };
    this.#isRunning = true;
    const hasRow = this.#connection.step(this);
    if (changesRows && this.#before !== undefined) this.#changes = (this.#connection.totalChanges ?? this.#before) - this.#before;
    else if (changesRows && !hasRow) this.#changes = Number(this.#connection.changes);
    if (hasRow) {
      this.#rows += 1;
      this.#connection.checkRow(this);
    }
    return hasRow;
  }

  row(): SqlValue[] {
    const count = this.columnNames.length;
    const row: SqlValue[] = new Array(count);
    for (let i = 0; i < count; i++) row[i] = this.#column(i);
    return row;
  }

  reset(): void {
    if (this.#finalized || this.#connection.engine.lost) return;
    this.#connection.engine.module._sqlite3_reset(this.handle);
    this.#connection.clearCounters(this.#handle);
    this.#rows = 0;
    this.#changes = 0;
    this.#isRunning = false;
    this.#run = new StatementRun();
  }

  finalize(): void {
    if (this.#finalized) return;
    this.#finalized = true;
    this.#connection.forget(this);
    if (!this.#connection.engine.lost) this.#connection.engine.module._sqlite3_finalize(this.#handle);
  }

  /** Estimates, declared as such. */
  counts(): RowCounts {
    return this.#run.counts(this.#connection.observe(this.handle, this.kind, this.#rows, this.#changes), this.#makeEstimator);
  }

  readonly #makeEstimator = (): RowEstimator | undefined => {
    this.#estimator ??= { made: this.#connection.explain(this.sql) };
    return this.#estimator.made;
  };

  #column(index: number): SqlValue {
    const { engine } = this.#connection;
    const { module, memory } = engine;
    switch (module._sqlite3_column_type(this.handle, index)) {
      case INTEGER:
      case FLOAT:
        return module._sqlite3_column_double(this.handle, index);
      case TEXT: {
        const at = module._sqlite3_column_text(this.handle, index);
        const length = module._sqlite3_column_bytes(this.handle, index);
        return engine.text.read(at, length);
      }
      case BLOB: {
        const at = module._sqlite3_column_blob(this.handle, index);
        const length = module._sqlite3_column_bytes(this.handle, index);
        return memory.bytes.slice(at, at + length);
      }
      default:
        return null;
    }
  }

  /** Stock sql.js has no `sqlite3_bind_parameter_count`: binding succeeds up to it. */
  #countParameters(): number {
    const { module } = this.#connection.engine;
    let count = 0;
    while (module._sqlite3_bind_int(this.handle, count + 1, 0) !== RANGE) count += 1;
    if (count > 0) module._sqlite3_clear_bindings(this.handle);
    return count;
  }
}
