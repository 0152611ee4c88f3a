/** connection.ts
 * One open database of an engine, at the level of SQLite's C interface: compile, run, errors, and whether a transaction is open. */
import { encodeWtf8, type SqliteDatabase } from "@holdfast/core/contract";
import type { AuthorizeCallback, SqljsEngine } from "./engine.js";
import { SqliteFailure } from "./sqlite-failure.js";
import { SqljsStatement } from "./statement.js";

const ROW = 100;
const DONE = 101;
const OK = 0;
const IOERR = 10;

/** Authorizer actions. */
const PRAGMA = 19;
const ANALYZE = 28;

export class SqljsConnection implements Omit<SqliteDatabase, "pageCount"> {
  readonly engine: SqljsEngine;
  readonly pointer: number;
  readonly #statements = new Set<SqljsStatement>();
  readonly #authorize: AuthorizeCallback;
  /** Authorizer actions of the statement being compiled: stock sql.js has no `sqlite3_stmt_readonly`. */
  #actions: number[] = [];
  #closed = false;

  /** `name` is a registered file of the engine's VFS, or `:memory:`. */
  constructor(engine: SqljsEngine, name: string, authorize: AuthorizeCallback = () => 0) {
    this.engine = engine;
    this.pointer = engine.open(name);
    this.#authorize = authorize;
    this.#authorizeAll();
  }

  /** Stock sql.js has no `sqlite3_get_autocommit`. SQLite refuses this pragma inside a transaction, and only there; its value does not
   * matter to a database that is never synced. */
  get inTransaction(): boolean {
    this.#assertOpen();
    const { engine, pointer } = this;
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
    const { engine, pointer } = this;
    const text = encodeWtf8(sql);
    const terminated = new Uint8Array(text.length + 1);
    terminated.set(text);
    this.#actions = [];
    return engine.withBytes(terminated, (at) => {
      const out = engine.allocate(8);
      const code = engine.module._sqlite3_prepare_v2(pointer, at, terminated.length, out, out + 4);
      const handle = engine.memory.pointer(out);
      const used = engine.memory.pointer(out + 4) - at;
      engine.module._free(out);
      if (code !== OK) throw this.failure(code);
      if (handle === 0) return undefined;
      const statement = new SqljsStatement(this, handle, this.#actions);
      this.#statements.add(statement);
      return { statement, tail: textAfter(sql, used) };
    });
  }

  exec(sql: string): void {
    this.#assertOpen();
    const text = encodeWtf8(`${sql}\0`);
    const code = this.engine.withBytes(text, (at) => this.engine.module._sqlite3_exec(this.pointer, at, 0, 0, 0));
    if (code !== OK) throw this.failure(code);
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
  get changes(): number {
    return this.engine.module._sqlite3_changes(this.pointer);
  }

  /** The error for a result code. */
  failure(code: number): SqliteFailure {
    const message = this.engine.memory.text(this.engine.module._sqlite3_errmsg(this.pointer));
    const cause = (code & 0xff) === IOERR ? this.engine.vfs.takeError() : undefined;
    return new SqliteFailure(code, message, cause);
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
      this.#actions.push(action === PRAGMA && a === "optimize" ? ANALYZE : action);
      return this.#authorize(action, a, b, c, d);
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error("database is not open");
  }
}

/** The text behind a byte offset of its encoding. */
function textAfter(text: string, byteOffset: number): string {
  let bytes = 0;
  let index = 0;
  while (bytes < byteOffset && index < text.length) {
    const code = text.codePointAt(index) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    index += code < 0x10000 ? 1 : 2;
  }
  return text.slice(index);
}
