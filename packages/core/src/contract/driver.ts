/** contract/driver.ts
 * An engine: the adapter to one build of SQLite.
 *
 * The shape follows `node:sqlite`, so that a native engine fits with a thin wrapper. A driver does not decide anything about
 * durability, transactions or policy: it runs the SQL it is given, asks core's authorizer what may be compiled, and reports each commit.
 *
 * What must hold:
 * 1. The driver owns `image` from `open` until `close`, and applies every commit to it.
 * 2. A transaction that changed pages leads to exactly one `onCommit`, called after SQLite can no longer roll it back and before the
 *    statement that committed returns. A rollback leads to none, and leaves the image as it was.
 * 3. `beforeCommit` is asked first; `"full"` makes the statement fail with SQLITE_FULL and the transaction roll back.
 * 4. SQLite never syncs and writes no journal to disk: the timeline is the truth, the database a cache of it.
 * 5. SQL text and strings are encoded as WTF-8 (a lone surrogate becomes its three bytes) and decoded with the WHATWG replacement
 *    rules, where `supports.exactText` says so.
 * 6. An engine that breaks down (a wasm trap) throws `HOLDFAST_ENGINE_LOST` from then on, on all its databases; `open` starts another.
 * 7. What the engine lacks is declared in `supports`. Nothing checks a driver's name. */
import type { CommitPages, Image, ScratchFile } from "./pager.js";
import type { Position } from "./timeline.js";

/** A value as SQLite stores it. INTEGER and REAL both read as `number`, an integer rounded to the nearest double (`spec/sql` §3). */
export type SqlValue = null | number | string | Uint8Array;

export interface DriverSupport {
  readonly fts5: boolean;
  readonly rtree: boolean;
  /** `authorize` is asked for every action of every statement that is compiled. */
  readonly authorizer: boolean | "guard";
  /** `limits` are enforced by the engine. `"guard"`, here and above: by the driver, which reads texts and instructions; nothing forbidden
   * gets through, but some limits are the engine's own, and some of what is allowed is refused (parity: sql-guard). */
  readonly limits: boolean | "guard";
  /** UPDATE and DELETE … LIMIT are the engine's own; otherwise the driver runs them in other words (parity: sql-limited-writes). */
  readonly limitedWrites: boolean;
  /** Errors carry the byte offset of the offending token. */
  readonly errorOffset: boolean;
  /** Where a full database is noticed: at the commit, or when SQLite allocates a page. */
  readonly quota: "commit" | "max_page_count";
  /** Whether `counts()` equal the platform's meter (`spec/sql` §6) or approximate it. */
  readonly rowCounts: "exact" | "estimated";
  /** How commits are captured: from SQLite's file interface, from its write-ahead log, or by comparing the whole database. */
  readonly capture: "vfs" | "wal-tail" | "diff";
  /** Lone surrogates survive a round trip through TEXT. */
  readonly exactText: boolean;
}

/** SQLite's own limit categories, by name; absent means the engine's default (`spec/sql` §5). */
export interface SqlLimits {
  readonly length?: number;
  readonly sqlLength?: number;
  readonly column?: number;
  readonly exprDepth?: number;
  readonly compoundSelect?: number;
  readonly vdbeOp?: number;
  readonly functionArg?: number;
  readonly attached?: number;
  readonly likePatternLength?: number;
  readonly variableNumber?: number;
  readonly triggerDepth?: number;
  readonly workerThreads?: number;
}

/** Asked while a statement is compiled, with SQLite's action code and its up to four arguments. Must not throw. */
export type Authorizer = (
  action: number,
  first: string | null,
  second: string | null,
  database: string | null,
  trigger: string | null,
) => "ok" | "deny" | "ignore";

export interface OpenOptions {
  /** For messages only. */
  readonly objectId: string;
  /** The position `image` stands at; native engines compare it with the marker of their local file (T12, T13). */
  readonly head: Position;
  readonly image: Image;
  /** Pages a database may have; above it a commit fails with SQLITE_FULL. */
  readonly maxPageCount: number;
  /** SQLite's page cache. */
  readonly cacheBytes: number;
  readonly limits: SqlLimits;
  readonly authorize: Authorizer;
  /** Room for what does not fit in memory, on a machine that has some. */
  readonly scratch?: (() => ScratchFile) | undefined;
  /** Asked before each commit that changes pages: how many the file has then, and how many of them were written. Must not throw. */
  beforeCommit(pageCount: number, changedPages: number): "ok" | "full";
  /** Told of each commit (rule 2). If it throws, the committing statement fails with an I/O error whose `cause` is that error, and the
   * database must be closed: memory is ahead of the log. */
  onCommit(commit: CommitPages): Position;
  /** The newest position known to be durable; engines with a local file checkpoint no further than this (T13). */
  durable(): Position;
}

export interface SqliteDriver {
  readonly name: string;
  readonly supports: DriverSupport;
  /** Opens a database over an image. Asynchronous because a wasm engine may have to be compiled first. */
  open(options: OpenOptions): Promise<SqliteDatabase>;
}

export interface SqliteDatabase {
  /** Compiles the first statement of `sql`; `tail` is the text behind it. `undefined` if there are only blanks and comments.
   * @throws SqliteError */
  prepare(sql: string): { readonly statement: SqliteStatement; readonly tail: string } | undefined;
  /** Runs every statement of `sql`, ignoring rows. @throws SqliteError */
  exec(sql: string): void;
  /** Whether a transaction is open. SQLite ends one by itself on some errors; none is open in an engine that is lost. */
  readonly inTransaction: boolean;
  /** Pages in the file as the open transaction sees it. */
  readonly pageCount: number;
  /** Finalizes every statement, rolls an open transaction back, and closes the image. */
  close(): void;
}

export interface SqliteStatement {
  /** False if running it may change the database or the connection's transaction. */
  readonly readOnly: boolean;
  readonly parameterCount: number;
  /** Names of the result columns, `[]` for none. Follows the schema: read it after the first step. */
  readonly columnNames: readonly string[];
  /** Binds every parameter, replacing earlier values; numbers are bound as REAL. Bytes are copied. @throws SqliteError */
  bind(values: readonly SqlValue[]): void;
  /** Advances; true if there is a row. @throws SqliteError */
  step(): boolean;
  /** The same for a caller who is done with a row before the next step: its bytes may be the engine's own, and others then. Left out by engines
   * that gain nothing by it. */
  stepTransient?(): boolean;
  /** The row the last step reached, as fresh values. */
  row(): SqlValue[];
  /** Makes the statement ready to run again; bindings stay. */
  reset(): void;
  finalize(): void;
  /** What the run since the last `reset` has read and written so far. Later steps do not change the answer. An engine that estimates may
   * do its work when the answer is looked at; it never throws. */
  counts(): RowCounts;
}

/** Rows as the platform bills them (`spec/sql` §6). */
export interface RowCounts {
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** What a driver throws for an error SQLite reported. `message` is SQLite's own text. */
export interface SqliteError extends Error {
  /** Primary result code. */
  readonly code: number;
  /** Extended result code; equal to `code` where the engine knows no better. */
  readonly extendedCode: number;
  /** Byte offset into the statement's text. */
  readonly offset?: number;
}
