/** The holdfast driver on stock sql.js: captures every commit through the VFS. */
import type { DriverSupport, OpenOptions, SqliteDatabase, SqliteDriver, SqliteStatement } from "@holdfast/core/contract";
import { PAGE_SIZE } from "@holdfast/core/contract";
import { AUTHORIZED, prepareLimitedWrite } from "@holdfast/driver-kit";
import { PageFile } from "@holdfast/vfs";
import { loadInstalled } from "#load-installed";
import { SqljsConnection } from "./connection.js";
import { SqljsEngine } from "./engine.js";
import type { SqljsParts } from "./sqljs-module.js";
import { NO_FACTS, type StructFacts } from "./struct-facts.js";

/** parity: sql-vtab-modules, sql-row-counts, sql-limited-writes, sql-data-version */
const SUPPORTS: DriverSupport = {
  fts5: false,
  rtree: false,
  authorizer: true,
  limits: true,
  limitedWrites: false,
  errorOffset: true,
  quota: "commit",
  rowCounts: "estimated",
  capture: "vfs",
  exactText: true,
};

function supported(facts: StructFacts | undefined): DriverSupport {
  if (!facts) return SUPPORTS;
  return {
    ...SUPPORTS,
    authorizer: facts.authorizer !== undefined || "guard",
    limits: facts.limits !== undefined || "guard",
    errorOffset: facts.errorOffset !== undefined,
  };
}

export interface SqljsOptions extends Partial<SqljsParts> {
  /** Whether to use fields of SQLite's structures that a self-test proved; `true` if left out. Without them the authorizer, the limits,
   * error offsets and row counts are approximated from the text of statements. */
  readonly structFacts?: boolean;
}

/** A driver on stock sql.js, 1.8.0 to 1.16.0. All its databases share one wasm instance, made at the first `open`, and made anew if it
 * is lost to a trap.
 * @param options sql.js' script and wasm, both, where they cannot be loaded from the installed package: in a browser */
export function sqljs(options: SqljsOptions = {}): SqliteDriver {
  const { initSqlJs, wasm, structFacts = true } = options;
  let engine: SqljsEngine | undefined;
  return {
    name: "sqljs",
    /** Once the engine has started, what its self-test found. */
    get supports() {
      return supported(engine?.facts ?? (structFacts ? undefined : NO_FACTS));
    },
    async open(open: OpenOptions): Promise<SqliteDatabase> {
      if (!engine || engine.lost)
        engine = new SqljsEngine(initSqlJs && wasm ? { initSqlJs, wasm } : loadInstalled(), structFacts);
      return new SqljsDatabase(engine, open);
    },
  };
}

class SqljsDatabase implements SqliteDatabase {
  readonly #connection: SqljsConnection;
  readonly #file: PageFile;
  readonly #name: string;
  readonly #pageCounter: SqliteStatement;
  /** The driver's own statements are nobody's business: set while one is compiled or run. */
  #isOwn = true;

  constructor(engine: SqljsEngine, options: OpenOptions) {
    this.#file = new PageFile({
      image: options.image,
      scratch: options.scratch,
      beforeCommit: (pageCount, changedPages) => options.beforeCommit(pageCount, changedPages),
      onCommit: (commit) => options.onCommit(commit),
    });
    this.#name = engine.freshName();
    engine.vfs.register(this.#name, this.#file);
    this.#connection = new SqljsConnection(engine, this.#name, {
      authorize: (action, a, b, c, d) => (this.#isOwn ? AUTHORIZED.ok : AUTHORIZED[options.authorize(action, a, b, c, d)]),
      limits: options.limits,
    });
    engine.refuseExtensions(this.#connection.pointer);
    this.#connection.exec(
      `PRAGMA page_size = ${PAGE_SIZE}; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA temp_store = MEMORY;
      PRAGMA synchronous = OFF; PRAGMA cache_size = ${-Math.ceil(options.cacheBytes / 1024)}; PRAGMA foreign_keys = ON;
      PRAGMA max_page_count = ${options.maxPageCount}`,
    );
    const counter = this.#connection.prepare("PRAGMA page_count");
    if (!counter) throw new Error("sql.js does not know PRAGMA page_count");
    this.#pageCounter = counter.statement;
    this.#isOwn = false;
  }

  get inTransaction(): boolean {
    return this.#connection.inTransaction;
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
    try {
      return this.#connection.prepare(sql);
    } catch (error) {
      // Stock sql.js is compiled without UPDATE and DELETE … LIMIT.
      const limited = prepareLimitedWrite(sql, error, {
        query: (query, values) => this.#connection.query(query, values),
        compile: (text) => this.#connection.prepare(text)?.statement,
      });
      if (!limited) throw error;
      return limited;
    }
  }

  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  close(): void {
    if (!this.#connection.isOpen) return;
    this.#connection.close();
    this.#connection.engine.vfs.unregister(this.#name);
    this.#file.close();
  }
}
