/** api/storage-session.ts
 * One lifetime of an object's storage: from opening its timeline to letting go of it.
 *
 *   open timeline (fences older writers, carries out an armed restore) ──▶ mount the image ──▶ storage
 *
 * 1. Whatever breaks the session (a failed flush, a refused commit, an abort) breaks it once and for all: its storage refuses every
 *    call with that error, and what was not committed is gone. The next session starts from the durable head.
 * 2. `close()` ends the turn, refuses further calls, waits until everything committed is durable, and rejects if any of it was lost. */
import { type Image, PAGE_SIZE, type PastRestore, type Position, type SqliteBackend, type Timeline } from "../contract/index.js";
import { HoldfastError, isHoldfastError } from "../error.js";
import { OutputGate } from "../gate/output-gate.js";
import type { Scope } from "../gate/scope.js";
import type { SectionRules } from "../gate/section.js";
import { type TurnParts, Turns } from "../gate/turn.js";
import { commitConstraint } from "../messages.js";
import { Alarm } from "../metadata/alarm.js";
import { MetadataTable } from "../metadata/metadata-table.js";
import { exportAt, type PastQuery, queryAt } from "../recovery/past-database.js";
import type { SqlRow } from "../sql/cursor.js";
import { OwnStatements } from "../sql/own-statements.js";
import { describeSqliteError, isSqliteError } from "../sql/sql-error.js";
import { SqlPolicy } from "../sql/sql-policy.js";
import { Connection } from "../transaction/connection.js";
import { Transaction } from "../transaction/transaction.js";
import { DurableObjectStorage } from "./durable-object-storage.js";
import { CACHE_BYTES, LIMITS, MAX_COMMIT_BYTES, maxPageCount } from "./object-limits.js";

export interface SessionParts {
  readonly backend: SqliteBackend;
  readonly objectId: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Queues a macrotask, in order. */
  readonly schedule: TurnParts["schedule"];
  readonly setTimer: TurnParts["setTimer"];
  /** Told when the object's code starts running, and in which scope, and when it stops. */
  onRunning?(scope: Scope | undefined): void;
  /** The scope of code that runs outside any turn, where that is known. */
  scopeOutside?(): Scope | undefined;
  /** Whether the object can be woken by an alarm. Absent: there is nobody to do it, and `setAlarm` rejects. */
  hasAlarmHandler?(): boolean;
  /** A commit has set or cleared the alarm: told when it is appended, and again when it is durable. */
  onAlarm?(alarm: number | null, isDurable: boolean): void;
  /** Whether `deleteAll()` deletes the alarm too; `true` if left out. */
  readonly deletesAlarm?: boolean;
  /** Whether stored errors keep their own properties and names; `true` if left out. */
  readonly enhancedErrors?: boolean;
  /** `deleteAll()` has deleted everything. */
  onDeleteAll?(): void;
  /** Runs code of the application inside a section. */
  enter?<T>(use: () => T): T;
  /** Runs code that is not the application's: what it starts is not the object's. Legacy objects only. */
  leave?<T>(use: () => T): T;
  /** Makes the error of a reset of what a critical section failed with. */
  resetError?(cause: unknown): unknown;
  /** The session broke. Called at most once. */
  onBroken?(error: unknown): void;
}

export class StorageSession {
  readonly storage: DurableObjectStorage;
  readonly turns: Turns;
  readonly gate: OutputGate;
  readonly alarm: Alarm;
  readonly #connection: Connection;
  readonly #transaction: Transaction;
  readonly #timeline: Timeline;
  readonly #past: PastQuery;
  readonly #enter: <T>(use: () => T) => T;
  #closed: Promise<void> | undefined;
  readonly #ended: HoldfastError = new HoldfastError(
    "HOLDFAST_CLOSED",
    "This storage is closed. Open the object again to go on.",
  );

  /** Begins a session. @throws HoldfastError if the timeline cannot be opened; nothing is left open then */
  static async open(parts: SessionParts): Promise<StorageSession> {
    const timeline = await parts.backend.timelines.open(parts.objectId);
    const maxPages = maxPageCount(parts.backend.maxDatabaseBytes);
    const maxChanged = Math.floor((parts.backend.maxCommitBytes ?? MAX_COMMIT_BYTES) / PAGE_SIZE);
    const policy = new SqlPolicy();
    const connection = new Connection(policy.authorize);
    const session = new StorageSession(parts, timeline, policy, connection);
    let image: Image | undefined;
    try {
      image = await timeline.image();
      connection.attach(
        await parts.backend.driver.open({
          objectId: parts.objectId,
          head: timeline.head,
          image,
          maxPageCount: maxPages,
          cacheBytes: CACHE_BYTES,
          limits: { ...LIMITS, ...parts.backend.limits },
          authorize: connection.authorize,
          scratch: timeline.scratch,
          beforeCommit: (pageCount, changed) => {
            const fits = pageCount <= maxPages && changed <= maxChanged && (timeline.hasRoom?.(changed * PAGE_SIZE) ?? true);
            return fits ? "ok" : "full";
          },
          onCommit: (commit) => session.#transaction.onCommit(commit),
          durable: (): Position => timeline.durable,
        }),
      );
    } catch (error) {
      image?.close();
      await timeline.close();
      throw error;
    }
    return session;
  }

  private constructor(parts: SessionParts, timeline: Timeline, policy: SqlPolicy, connection: Connection) {
    const gate = new OutputGate();
    const waiting = new Set<(error: unknown) => void>();
    const { schedule, setTimer, onRunning, scopeOutside } = parts;
    const turns = new Turns({
      schedule,
      setTimer,
      endOfTurn: () => transaction.endOfTurn(),
      onSectionFailed: (error) => transaction.fail(parts.resetError ? parts.resetError(error) : error),
      ...(onRunning && { onRunning }),
      ...(scopeOutside && { scopeOutside }),
    });
    const transaction = new Transaction({
      connection,
      timeline,
      gate,
      joined: () => turns.joined(),
      onBroken: (error) => {
        turns.stop(error);
        for (const reject of waiting) reject(error);
        parts.onBroken?.(error);
      },
      onAlarm: (time, isDurable) => {
        if (!isDurable) alarm.committed();
        parts.onAlarm?.(time, isDurable);
      },
      commitError,
    });
    /** Rejects if the session breaks before. */
    const until = (start: (done: () => void) => void) =>
      new Promise<void>((resolve, reject) => {
        transaction.willRead();
        waiting.add(reject);
        start(() => {
          waiting.delete(reject);
          resolve();
        });
      });
    const turnTaker = () => {
      const scope = turns.currentScope;
      return () => until((done) => turns.deliver(done, scope));
    };
    const afterTurn = () => until((done) => turns.afterThis(done));
    const hasEnded = (error: unknown) => error === this.#ended || transaction.failure()?.error === error;
    const now = () => parts.now();
    const statements = new OwnStatements({ connection, transaction, policy });
    const alarm = new Alarm({ metadata: new MetadataTable({ statements, transaction }), transaction, now });
    const { deletesAlarm = true, enhancedErrors = true } = parts;
    const { supports } = parts.backend.driver;
    this.storage = new DurableObjectStorage({
      rowCounts: supports.rowCounts,
      exactText: supports.exactText,
      maxValueBytes: parts.backend.limits?.length ?? (LIMITS.length as number),
      retentionMs: parts.backend.retentionMs,
      ...{
        connection,
        policy,
        transaction,
        timeline,
        statements,
        alarm,
        deletesAlarm,
        enhancedErrors,
        now,
        turnTaker,
        afterTurn,
        hasEnded,
      },
      hasAlarmHandler: () => (parts.hasAlarmHandler ? parts.hasAlarmHandler() : needsHost()),
      section: (body, rules) => this.section(body, rules),
      onDeleteAll: () => parts.onDeleteAll?.(),
    });
    this.#enter = (use) => (parts.enter ? parts.enter(use) : use());
    this.alarm = alarm;
    this.turns = turns;
    this.gate = gate;
    this.#connection = connection;
    this.#transaction = transaction;
    this.#timeline = timeline;
    const { backend, objectId } = parts;
    const limits = { ...LIMITS, ...backend.limits };
    this.#past = { timeline, driver: backend.driver, objectId, limits, cacheBytes: CACHE_BYTES, maxPageCount: maxPageCount() };
  }

  /** The last position committed. */
  get head(): Position {
    return this.#timeline.head;
  }

  /** Resolves when everything up to a position is durable, also when the session has broken since.
   * @throws HoldfastError `HOLDFAST_FENCED`, `HOLDFAST_STORE_FAILED`, as a rejection */
  flushed(position: Position): Promise<void> {
    return this.#timeline.flushed(position);
  }

  /** Runs `body` as a critical section (`spec/runtime` §1.5). @throws Error as a rejection, if sections are nested too deeply */
  section<T>(body: () => T, rules?: SectionRules): Promise<Awaited<T>> {
    return this.turns.section(() => this.#enter(body), rules);
  }

  /** Restores that were carried out when a session of the object began, or could not be, in order. Beyond the platform. */
  async restores(): Promise<PastRestore[]> {
    const restores: PastRestore[] = [];
    for await (const restore of this.#past.timeline.restores()) restores.push(restore);
    return restores;
  }

  /** The database at a bookmark as the bytes of an ordinary SQLite file. Beyond the platform.
   * @throws TypeError for text that is no bookmark; Error for one that is not of this object, or no longer retained */
  exportAt(bookmark: string): Promise<Uint8Array> {
    return exportAt(this.#past.timeline, bookmark);
  }

  /** The rows of one statement that reads, run on the database at a bookmark. Beyond the platform.
   * @throws as {@link exportAt}; SQLite's errors as `sql.exec` does; HoldfastError `HOLDFAST_USAGE` for a statement that writes, or several */
  queryAt(bookmark: string, sql: string, ...bindings: unknown[]): Promise<SqlRow[]> {
    return queryAt(this.#past, bookmark, sql, bindings);
  }

  /** Breaks the session: uncommitted writes are dropped at once, every later call fails with `error`. */
  break(error: unknown): void {
    this.#transaction.fail(error);
  }

  /** Ends the session (rule 2). Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const transaction = this.#transaction;
    if (transaction.isInSync) await Promise.resolve(); // called inside a transactionSync() callback, which ends first
    const wasBroken = transaction.failure() !== undefined;
    transaction.endOfTurn();
    const lost = wasBroken ? undefined : transaction.failure();
    transaction.refuse(this.#ended);
    try {
      await this.#timeline.close();
    } finally {
      this.break(this.#ended);
      this.#connection.close();
    }
    if (lost) throw lost.error;
  }
}

/** @throws HoldfastError `HOLDFAST_NEEDS_HOST` */
export function needsHost(): never {
  throw new HoldfastError("HOLDFAST_NEEDS_HOST", "There is nobody to run an alarm here. Open the object with openHost.");
}

function commitError(error: unknown): unknown {
  if (!isSqliteError(error)) return error;
  if (isHoldfastError(error.cause)) return error.cause; // the timeline refused the commit
  const CONSTRAINT = 19;
  const text = describeSqliteError(error);
  return error.code === CONSTRAINT ? commitConstraint(text) : new Error(text, { cause: error });
}
