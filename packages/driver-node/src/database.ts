/** database.ts
 * One open database of node:sqlite: a local file in WAL mode, whose log is read after each commit. */
import {
  type CommitPages,
  type OpenOptions,
  PAGE_SIZE,
  type PageChange,
  type Position,
  type SqliteDatabase,
  type SqliteStatement,
  type SqlLimits,
  type SqlValue,
} from "@holdfast/core/contract";
import {
  AUTHORIZED,
  bindingsOf,
  kindOfActions,
  LIMIT_CATEGORIES,
  parametersOf,
  prepareLimitedWrite,
  RowEstimator,
  SqliteFailure,
} from "@holdfast/driver-kit";
import { hiddenTablesIn } from "./hidden-tables.js";
import { LocalFile } from "./local-file.js";
import type { NativeDatabase, NativeModule, NativeStatement } from "./node-sqlite.js";
import { NodeStatement } from "./statement.js";
import { WalTail, type WalTransaction } from "./wal-tail.js";

const ERROR = 1;
const IOERR = 10;
const TOOBIG = 18;
/** Authorizer actions. */
const PRAGMA = 19;
const READ = 20;
const ANALYZE = 28;
const NO_STATEMENT = "ERR_INVALID_ARG_VALUE";
/** The log is written into the file when it has grown beyond this. */
const CHECKPOINT_BYTES = 4 << 20;
/** Where page 1 says whether the file is in WAL mode; images never are, so that every engine can open them. */
const VERSION_BYTES = 18;
const ROLLBACK_JOURNAL = 1;

/** node:sqlite's names of limits that differ from ours. */
const LIMIT_NAMES: Partial<Record<keyof SqlLimits, string>> = { attached: "attach" };
const NOT_THERE: ReadonlySet<keyof SqlLimits> = new Set(["workerThreads"]);

export class NodeDatabase implements SqliteDatabase {
  readonly #options: OpenOptions;
  readonly #native: NativeDatabase;
  readonly #file: LocalFile;
  readonly #tail: WalTail;
  readonly #pageCounter: NativeStatement;
  readonly #changeCounter: NativeStatement;
  #position: Position;
  /** The receiver of commits failed: the file holds more than the log. */
  #ahead = false;
  #closed = false;
  readonly #running = new Set<NodeStatement>();
  #schemaGeneration = 0;
  /** The driver's own statements are nobody's business: set while one is compiled or run. */
  #isOwn = true;
  /** Authorizer actions of the statement being compiled: node:sqlite does not tell whether it only reads. */
  #actions: number[] = [];
  /** Tables that the statement being compiled may not see, and the one it asked for. */
  #hidden: ReadonlySet<string> = new Set();
  #asked: string | undefined;

  constructor({ DatabaseSync }: NativeModule, scratchDir: string, options: OpenOptions) {
    this.#options = options;
    this.#position = options.head;
    this.#file = new LocalFile(scratchDir, options.objectId, options.head, options.image);
    this.#native = this.native(
      () =>
        new DatabaseSync(this.#file.path, {
          enableForeignKeyConstraints: true,
          enableDoubleQuotedStringLiterals: true,
          defensive: true,
        }),
    );
    try {
      this.native(() => this.#setUp());
      this.#tail = new WalTail(`${this.#file.path}-wal`);
    } catch (error) {
      this.#native.close();
      this.#file.release(undefined, 0);
      throw error;
    }
    this.#pageCounter = this.#ownStatement("PRAGMA page_count");
    this.#changeCounter = this.#ownStatement("SELECT total_changes()");
    this.#isOwn = false;
  }

  /** Grows whenever the schema may have changed: nobody else uses the file. */
  get schemaGeneration(): number {
    return this.#schemaGeneration;
  }

  schemaMayChange(): void {
    this.#schemaGeneration += 1;
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  get inTransaction(): boolean {
    return this.#use().isTransaction;
  }

  get pageCount(): number {
    return this.#own(() => Number(this.#pageCounter.all()[0]?.[0]));
  }

  prepare(sql: string): { statement: SqliteStatement; tail: string } | undefined {
    try {
      return this.#compile(sql);
    } catch (error) {
      // node:sqlite is compiled without UPDATE and DELETE … LIMIT.
      const limited = prepareLimitedWrite(sql, error, {
        query: (query, values) => this.#query(query, values),
        compile: (text) => this.#compile(text)?.statement,
      });
      if (!limited) throw error;
      return limited;
    }
  }

  exec(sql: string): void {
    const database = this.#use();
    this.schemaMayChange(); // also by rolling back
    this.writing(() => database.exec(sql));
  }

  /** Runs something of node:sqlite's and hands over what it committed, also if it failed further on. @throws SqliteFailure */
  writing<T>(run: () => T): T {
    try {
      return this.native(run);
    } finally {
      if (!this.#native.isTransaction) this.#capture();
    }
  }

  /** Runs something of node:sqlite's; its errors come out as SQLite's. @throws SqliteFailure */
  native<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      const { errcode, message } = error as { readonly errcode?: number; readonly message: string };
      if (errcode === undefined) throw error;
      throw new SqliteFailure(errcode, message, { extendedCode: errcode });
    }
  }

  /** Rows changed since the connection was opened, those of triggers included. */
  totalChanges(): number {
    return this.#own(() => Number(this.#changeCounter.all()[0]?.[0]));
  }

  /** The estimator for a statement, if it still compiles. */
  explain(sql: string): RowEstimator | undefined {
    if (this.#closed) return undefined;
    try {
      return RowEstimator.of(sql, (query, values) => this.#query(query, values));
    } catch {
      return undefined; // its table is gone, or is there by now: counts are estimates and never fail
    }
  }

  /** node:sqlite binds values beyond the limit. @throws SqliteFailure */
  checkLength(value: SqlValue): void {
    const { length } = this.#options.limits;
    if (length === undefined || value === null || typeof value === "number" || value.length * 3 <= length) return;
    const bytes = typeof value === "string" ? Buffer.byteLength(value) : value.length;
    if (bytes > length) throw new SqliteFailure(TOOBIG, "string or blob too big");
  }

  /** To be told of a statement that writes and has not ended; closing ends it first, so that what it commits is seen. */
  started(statement: NodeStatement): void {
    this.#running.add(statement);
  }

  ended(statement: NodeStatement): void {
    this.#running.delete(statement);
  }

  close(): void {
    if (this.#closed) return;
    try {
      for (const statement of [...this.#running]) statement.reset();
      if (this.#native.isTransaction) this.#own(() => this.#native.exec("ROLLBACK"));
      for (const _ of this.#tail.transactions()) this.#ahead = true; // a commit that nobody was told of
    } catch {
      this.#ahead = true; // told already, or of no consequence once the file is gone
    }
    this.#closed = true;
    const { image, durable } = this.#options;
    const { epoch, sequence } = durable();
    const isDurable = !this.#ahead && epoch === this.#position.epoch && sequence === this.#position.sequence;
    const { pageCount } = image;
    try {
      this.#tail.close();
      this.#native.close();
      // A database that nobody wrote to has a page that its image does not.
      this.#file.release(isDurable && pageCount > 0 ? this.#position : undefined, pageCount);
    } finally {
      image.close();
    }
  }

  #setUp(): void {
    const { cacheBytes, maxPageCount, limits, authorize } = this.#options;
    this.#native.exec(
      `PRAGMA page_size = ${PAGE_SIZE}; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = ${-Math.ceil(cacheBytes / 1024)};
      PRAGMA max_page_count = ${maxPageCount}; SELECT count(*) FROM sqlite_schema`, // reading makes the log's file
    );
    for (const name of LIMIT_CATEGORIES) {
      const value = limits[name];
      if (value !== undefined && !NOT_THERE.has(name)) this.#native.limits[LIMIT_NAMES[name] ?? name] = value;
    }
    this.#native.setAuthorizer((action, a, b, c, d) => {
      if (this.#isOwn) return AUTHORIZED.ok;
      // `PRAGMA optimize` runs ANALYZE, which it does not ask for by itself.
      this.#actions.push(action === PRAGMA && a?.toLowerCase() === "optimize" ? ANALYZE : action);
      if (action === READ && a !== null && this.#hidden.has(a.toLowerCase())) {
        this.#asked = a;
        return AUTHORIZED.deny;
      }
      return AUTHORIZED[authorize(action, a, b, c, d)];
    });
  }

  #compile(sql: string): { statement: NodeStatement; tail: string } | undefined {
    const database = this.#use();
    const { sqlLength } = this.#options.limits;
    if (sqlLength !== undefined && Buffer.byteLength(sql) > sqlLength) throw new SqliteFailure(TOOBIG, "statement too long");
    this.#hidden = this.#hiddenTables(sql);
    this.#asked = undefined;
    this.#actions = [];
    let native: NativeStatement;
    try {
      native = this.native(() => database.prepare(sql));
    } catch (error) {
      if ((error as { code?: unknown }).code === NO_STATEMENT) return undefined;
      if (this.#asked !== undefined) throw new SqliteFailure(ERROR, `no such table: ${this.#asked}`);
      throw error;
    }
    const text = sql.slice(0, native.sourceSQL.length);
    return {
      statement: new NodeStatement(this, native, text, kindOfActions(this.#actions), this.#actions.includes(PRAGMA)),
      tail: sql.slice(text.length),
    };
  }

  /** An application's own table of such a name is not hidden. */
  #hiddenTables(sql: string): ReadonlySet<string> {
    const hidden = new Set(hiddenTablesIn(sql));
    if (hidden.size === 0) return hidden;
    for (const [name] of this.#query("SELECT lower(name) FROM sqlite_schema", [])) hidden.delete(String(name));
    return hidden;
  }

  /** Hands over the transactions that were committed since the last time. @throws SqliteFailure if the receiver failed */
  #capture(): void {
    for (const transaction of this.#tail.transactions()) {
      const { pageCount } = transaction;
      const commit: CommitPages = { pageCount, pages: { [Symbol.iterator]: () => this.#changes(transaction) } };
      try {
        this.#position = this.#options.onCommit(commit);
      } catch (cause) {
        this.#ahead = true;
        throw new SqliteFailure(IOERR, "disk I/O error", { cause });
      }
      this.#options.image.apply(commit);
    }
    if (this.#tail.offset > CHECKPOINT_BYTES) this.#checkpoint();
  }

  *#changes(transaction: WalTransaction): Generator<PageChange> {
    const { image } = this.#options;
    const { pageCount } = image; // before it is changed
    for (const [pageNumber, data] of transaction.pages()) {
      if (pageNumber === 1) data.fill(ROLLBACK_JOURNAL, VERSION_BYTES, VERSION_BYTES + 2);
      yield pageNumber <= pageCount ? { pageNumber, data, previous: image.read(pageNumber) } : { pageNumber, data };
    }
  }

  /** Only what is durable may leave the log (T13), and only when no cursor is reading. */
  #checkpoint(): void {
    const { epoch, sequence } = this.#options.durable();
    if (epoch !== this.#position.epoch || sequence !== this.#position.sequence) return;
    const LOCKED = 6;
    try {
      const [busy] = this.#query("PRAGMA wal_checkpoint(TRUNCATE)", [])[0] ?? [];
      if (busy === 0) this.#tail.reset();
    } catch (error) {
      if ((error as SqliteFailure).code !== LOCKED) throw error; // a cursor is open: next time
    }
  }

  #ownStatement(sql: string): NativeStatement {
    const statement = this.#native.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  }

  /** Every row of a query of the driver's own. */
  #query(sql: string, values: readonly SqlValue[]): SqlValue[][] {
    return this.#own(() => this.#ownStatement(sql).all(...bindingsOf(parametersOf(sql), values))) as SqlValue[][];
  }

  #own<T>(run: () => T): T {
    this.#use();
    const before = this.#isOwn;
    this.#isOwn = true;
    try {
      return this.native(run);
    } finally {
      this.#isOwn = before;
    }
  }

  #use(): NativeDatabase {
    if (this.#closed) throw new Error("database is not open");
    return this.#native;
  }
}
