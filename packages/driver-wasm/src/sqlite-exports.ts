/** What `wasm/sqlite3.wasm` exports: SQLite's C interface as far as it is used, and the functions of `build/holdfast.c`.
 * Pointers are byte addresses of the module's memory; 0 is none. */
export interface SqliteExports {
  readonly memory: WebAssembly.Memory;
  readonly __indirect_function_table: WebAssembly.Table;
  _initialize(): void;
  malloc(bytes: number): number;
  free(pointer: number): void;

  holdfast_set_vfs(vfs: number): void;
  /** A result code, or `-1 - columns` if there is a row, which is then behind the counters at `run`. At SQLITE_DONE the statement is reset. */
  holdfast_step(statement: number, run: number): number;
  /** Puts rows read, rows written and recompilations at `run`. */
  holdfast_read_counters(statement: number, run: number): void;
  holdfast_db_config(database: number, option: number, value: number): number;

  sqlite3_initialize(): number;
  sqlite3_open_v2(name: number, out: number, flags: number, vfs: number): number;
  sqlite3_close_v2(database: number): number;
  sqlite3_errmsg(database: number): number;
  sqlite3_extended_errcode(database: number): number;
  sqlite3_error_offset(database: number): number;
  sqlite3_exec(database: number, sql: number, callback: 0, argument: 0, error: 0): number;
  sqlite3_get_autocommit(database: number): number;
  sqlite3_set_authorizer(database: number, callback: number, argument: number): number;
  sqlite3_file_control(database: number, name: 0, operation: number, argument: 0): number;
  sqlite3_limit(database: number, category: number, value: number): number;
  sqlite3_prepare_v3(database: number, sql: number, bytes: number, flags: number, out: number, tail: number): number;
  sqlite3_reset(statement: number): number;
  sqlite3_finalize(statement: number): number;
  sqlite3_clear_bindings(statement: number): number;
  sqlite3_stmt_readonly(statement: number): number;
  sqlite3_bind_parameter_count(statement: number): number;
  sqlite3_bind_null(statement: number, index: number): number;
  sqlite3_bind_double(statement: number, index: number, value: number): number;
  sqlite3_bind_text(statement: number, index: number, text: number, bytes: number, destructor: number): number;
  sqlite3_bind_blob(statement: number, index: number, blob: number, bytes: number, destructor: number): number;
  sqlite3_column_count(statement: number): number;
  sqlite3_column_name(statement: number, column: number): number;
}
