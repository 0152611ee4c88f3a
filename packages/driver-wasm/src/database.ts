/** database.ts
 * One open database: SQLite over the pages of an image, every commit handed over. */
import { encodeWtf8, type OpenOptions, PAGE_SIZE, type SqliteDatabase, type SqliteStatement } from "@holdfast/core/contract";
import { AUTHORIZED, applyLimits, SqliteFailure, textAfter } from "@holdfast/driver-kit";
import { PageFile } from "@holdfast/vfs";
import type { Engine } from "./engine.js";
import { WasmStatement } from "./statement.js";
import { withBytes } from "./values.js";

/** SQLITE_IOERR and SQLITE_CANTOPEN: behind them is an error of the file interface's. */
const FILE_ERRORS: ReadonlySet<number> = new Set([10, 14]);
const CONFIG_DEFENSIVE = 1010;
const FCNTL_RESET_CACHE = 42;

/** Databases of more pages have their rollback journal in a scratch file: 64 MiB. */
const JOURNAL_PAGES = 16_384;

type JournalMode = "MEMORY" | "TRUNCATE";

export class WasmDatabase implements SqliteDatabase {
  readonly engine: Engine;
  readonly #pointer: number;
  readonly #file: PageFile;
  readonly #name: string;
  readonly #scratch: OpenOptions["scratch"];
  readonly #statements = new Set<WasmStatement>();
  readonly #pageCounter: SqliteStatement;
  #closed = false;
  /** Where the rollback journal is, and where it should be: that of a large database would not fit in memory. */
  #journalMode: JournalMode = "MEMORY";
  #wantedMode: JournalMode = "MEMORY";
  /** The driver's own statements are nobody's business: set while one is compiled or run. */
  #isOwn = true;

  constructor(engine: Engine, options: OpenOptions) {
    this.engine = engine;
    const { image, scratch } = options;
    this.#file = new PageFile({
      ...{ image, scratch },
      beforeCommit: (pageCount, changedPages) => options.beforeCommit(pageCount, changedPages),
      onCommit: (commit) => {
        options.onCommit(commit);
        this.#choose(commit.pageCount);
      },
    });
    this.#scratch = scratch;
    this.#choose(image.pageCount);
    this.#name = engine.freshName();
    engine.vfs.register(this.#name, this.#file);
    this.#pointer = engine.open(this.#name, (action, a = null, b = null, c = null, d = null) =>
      this.#isOwn ? AUTHORIZED.ok : AUTHORIZED[options.authorize(action, a, b, c, d)],
    );
    try {
      this.exec(
        `PRAGMA page_size = ${PAGE_SIZE}; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;
        PRAGMA cache_size = ${-Math.ceil(options.cacheBytes / 1024)}; PRAGMA max_page_count = ${options.maxPageCount}`,
      );
      const counter = this.prepare("PRAGMA page_count");
      if (!counter) throw new Error("SQLite does not know PRAGMA page_count");
      this.#pageCounter = counter.statement;
      engine.call((exports) => {
        applyLimits(options.limits, (category, value) => exports.sqlite3_limit(this.#pointer, category, value));
        exports.holdfast_db_config(this.#pointer, CONFIG_DEFENSIVE, 1);
        // The platform's connection has dropped its cache once, by entering WAL mode, which shows in `PRAGMA data_version`.
        exports.sqlite3_file_control(this.#pointer, 0, FCNTL_RESET_CACHE, 0);
      });
    } catch (error) {
      this.#release();
      throw error;
    }
    this.#isOwn = false;
  }

  get inTransaction(): boolean {
    this.#assertOpen();
    if (this.engine.lost) return false;
    return this.engine.call((exports) => exports.sqlite3_get_autocommit(this.#pointer)) === 0;
  }

  get pageCount(): number {
    this.#isOwn = true;
    try {
      this.#pageCounter.step(); // SQLite's own count: it writes to the file only when it commits
      return Number(this.#pageCounter.row()[0]);
    } finally {
      this.#pageCounter.reset();
      this.#isOwn = false;
    }
  }

  prepare(sql: string): { statement: SqliteStatement; tail: string } | undefined {
    this.#assertOpen();
    const text = encodeWtf8(sql); // not terminated: then SQLite says "statement too long" where the platform does
    const { code, handle, used } = this.engine.call((exports) =>
      withBytes(this.engine, text, (at) => {
        const out = this.engine.allocate(8);
        const result = {
          code: exports.sqlite3_prepare_v3(this.#pointer, at, text.length, 0, out, out + 4),
          handle: this.engine.memory.pointer(out),
          used: this.engine.memory.pointer(out + 4) - at,
        };
        exports.free(out);
        return result;
      }),
    );
    if (code !== 0) throw this.failure(code);
    if (handle === 0) return undefined;
    const statement = new WasmStatement(this, handle);
    this.#statements.add(statement);
    return { statement, tail: used === text.length ? "" : textAfter(sql, used) };
  }

  exec(sql: string): void {
    this.#assertOpen();
    this.beforeRun();
    const code = this.engine.call((exports) =>
      withBytes(this.engine, encodeWtf8(`${sql}\0`), (at) => exports.sqlite3_exec(this.#pointer, at, 0, 0, 0)),
    );
    if (code !== 0) throw this.failure(code);
  }

  /** The error for a result code. @throws what an authorizer threw, if that is behind it. A step has an offset too when it compiled its statement again. */
  failure(code: number): SqliteFailure {
    const thrown = this.engine.takeCallbackError();
    if (thrown) throw thrown.error;
    const { extendedCode, offset, message } = this.engine.call((exports) => ({
      extendedCode: exports.sqlite3_extended_errcode(this.#pointer),
      offset: exports.sqlite3_error_offset(this.#pointer),
      message: this.engine.memory.text(exports.sqlite3_errmsg(this.#pointer)),
    }));
    return new SqliteFailure(code, message, {
      extendedCode,
      offset: offset < 0 ? undefined : offset,
      cause: FILE_ERRORS.has(code & 0xff) ? this.engine.vfs.takeError() : undefined,
    });
  }

  /** To be called before a statement begins: the mode cannot be changed while something was written. */
  beforeRun(): void {
    if (this.#scratch && (this.#wantedMode !== "MEMORY" || this.#journalMode !== "MEMORY")) {
      this.engine.vfs.setScratch(this.#scratch);
    }
    if (this.#wantedMode === this.#journalMode || this.#isOwn) return;
    this.#isOwn = true;
    let set: SqliteStatement | undefined;
    try {
      set = this.prepare(`PRAGMA journal_mode = ${this.#wantedMode}`)?.statement;
      set?.step();
      if (String(set?.row()[0]).toUpperCase() === this.#wantedMode) this.#journalMode = this.#wantedMode; // else at the next
    } finally {
      set?.finalize();
      this.#isOwn = false;
    }
  }

  #choose(pageCount: number): void {
    if (this.#scratch) this.#wantedMode = pageCount > JOURNAL_PAGES ? "TRUNCATE" : "MEMORY";
  }

  forget(statement: WasmStatement): void {
    this.#statements.delete(statement);
  }

  close(): void {
    if (!this.#closed) this.#release();
  }

  #release(): void {
    for (const statement of [...this.#statements]) statement.finalize();
    this.#closed = true;
    this.engine.close(this.#pointer);
    this.engine.vfs.unregister(this.#name);
    this.#file.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error("database is not open");
  }
}
