/** What this package uses of sql.js: Emscripten's heap functions and SQLite's C interface, as its release builds export them. */
export interface SqljsModule {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _sqlite3_open(name: number, out: number): number;
  _sqlite3_close_v2(database: number): number;
  _sqlite3_errmsg(database: number): number;
  _sqlite3_exec(database: number, sql: number, callback: 0, argument: 0, error: 0): number;
  _sqlite3_changes(database: number): number;
  _sqlite3_create_function_v2(
    database: number,
    name: number,
    argumentCount: number,
    encoding: number,
    userData: number,
    call: number,
    step: number,
    final: number,
    destroy: number,
  ): number;
  _sqlite3_value_type(value: number): number;
  _sqlite3_value_double(value: number): number;
  _sqlite3_value_text(value: number): number;
  _sqlite3_value_blob(value: number): number;
  _sqlite3_value_bytes(value: number): number;
  _sqlite3_aggregate_context(context: number, bytes: number): number;
  _sqlite3_result_null(context: number): void;
  _sqlite3_result_double(context: number, value: number): void;
  _sqlite3_result_int64(context: number, value: bigint): void;
  _sqlite3_result_text(context: number, text: number, bytes: number, destructor: number): void;
  _sqlite3_result_blob(context: number, blob: number, bytes: number, destructor: number): void;
  _sqlite3_result_error(context: number, message: number, bytes: number): void;
  /** Since sql.js 1.13. */
  _sqlite3_update_hook?(database: number, callback: number, argument: number): number;
  _sqlite3_prepare_v2(database: number, sql: number, bytes: number, out: number, tail: number): number;
  _sqlite3_step(statement: number): number;
  _sqlite3_reset(statement: number): number;
  _sqlite3_finalize(statement: number): number;
  _sqlite3_clear_bindings(statement: number): number;
  _sqlite3_bind_int(statement: number, index: number, value: number): number;
  _sqlite3_bind_double(statement: number, index: number, value: number): number;
  _sqlite3_bind_text(statement: number, index: number, text: number, bytes: number, destructor: number): number;
  _sqlite3_bind_blob(statement: number, index: number, blob: number, bytes: number, destructor: number): number;
  _sqlite3_bind_parameter_index(statement: number, name: number): number;
  _sqlite3_column_count(statement: number): number;
  _sqlite3_column_name(statement: number, column: number): number;
  _sqlite3_column_type(statement: number, column: number): number;
  _sqlite3_column_double(statement: number, column: number): number;
  _sqlite3_column_text(statement: number, column: number): number;
  _sqlite3_column_blob(statement: number, column: number): number;
  _sqlite3_column_bytes(statement: number, column: number): number;
}

/** sql.js' own entry, `initSqlJs`. */
export type InitSqlJs = (options: {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}) => PromiseLike<unknown>;

/** The two parts of sql.js: its script's export and its wasm file. */
export interface SqljsParts {
  readonly initSqlJs: InitSqlJs;
  readonly wasm: BufferSource;
}
