/** transaction/transaction.ts
 * Decides when writes become a commit. At most one transaction is open:
 *
 *            willWrite()                          endOfTurn()
 *          ┌───────────────▶ open, no levels ───────────────────┐
 *   none ──┤                                                    ├──▶ none        COMMIT, append, then flushed
 *     │    └───────────────▶ open, with levels ─────────────────┘
 *     │      begin()             │   ▲      commit() or rollback() of the outermost
 *     │                          └───┘ begin(), commit(), rollback(): savepoints
 *     └── fail() ────────────────┴────────▶ broken                               nothing is read or written any more
 *
 * A level is a `transaction()`; one inside another is a savepoint. `transactionSync()` is a savepoint inside `open`, not a state.
 *
 * 1. The first write of a turn opens the transaction, its end commits it; a handler that throws does not roll it back (`spec/runtime` §3).
 * 2. The output gate is held from the first confirmed write until the commit is durable.
 * 3. Commit n+1 may be appended before commit n is durable, and is never reported durable before it.
 * 4. What arms a restore belongs to the transaction: it is committed with it, and rolled back with it (T10).
 * 5. If COMMIT or the append fails, memory and log no longer agree: `broken`, and the session ends.
 * 6. While there are levels, ends of turns commit nothing: what is written, by whomever, is part of the innermost. The gate is held from
 *    the outermost's commit on.
 * 7. After the outermost was rolled back, what is written until the end of that turn commits statement by statement (`spec/kv` §5.1). */
import type { CommitMeta, CommitPages, Position, Timeline } from "../contract/index.js";
import { isHoldfastError } from "../error.js";
import type { Hold, OutputGate } from "../gate/output-gate.js";
import type { Connection } from "./connection.js";

export interface TransactionParts {
  readonly connection: Connection;
  readonly timeline: Timeline;
  readonly gate: OutputGate;
  /** Makes sure that an end of turn follows. */
  joined(): void;
  /** The session cannot go on. Called once. */
  onBroken(error: unknown): void;
  /** A commit has set the alarm, or cleared it: told when it is appended, and again when it is durable. */
  onAlarm(alarm: number | null, isDurable: boolean): void;
  /** The error for a COMMIT that SQLite refused. */
  commitError(error: unknown): unknown;
}

type State =
  | { readonly kind: "none" }
  | {
      readonly kind: "open";
      readonly levels: Level[];
      hold: Hold | undefined;
      /** Something in it is worth holding the gate for. */
      confirmed: boolean;
      meta: CommitMeta;
      appended: Position | undefined;
    }
  | { readonly kind: "broken"; readonly error: unknown };

/** A `transaction()`, and what there was before it. */
export interface Level {
  readonly meta: CommitMeta;
  readonly confirmed: boolean;
  status: "open" | "committed" | "rolled back";
}

export interface WriteOptions {
  readonly confirmed: boolean;
}

export class Transaction {
  readonly #parts: TransactionParts;
  #state: State = { kind: "none" };
  #savepoints = 0;
  #rollbacks = 0;
  #armed: string | null = null;
  #refused: { readonly error: unknown } | undefined;
  #lastFlush: Promise<void> = Promise.resolve();
  /** Rule 7. */
  #isRolledBack = false;

  constructor(parts: TransactionParts) {
    this.#parts = parts;
  }

  /** To be told of every commit the engine makes. */
  onCommit(commit: CommitPages): Position {
    const meta = this.#state.kind === "open" ? this.#state.meta : undefined;
    const position = this.#parts.timeline.append(meta && isSaid(meta) ? { ...commit, meta } : commit);
    if (this.#state.kind === "open") this.#state.appended = position;
    else this.#awaitFlush(position, this.#parts.gate.hold()); // a statement that committed by itself
    return position;
  }

  /** What broke the session, if something did. */
  failure(): { readonly error: unknown } | undefined {
    return this.#state.kind === "broken" ? this.#state : undefined;
  }

  /** Whether a `transactionSync()` callback is running. */
  get isInSync(): boolean {
    return this.#savepoints > 0;
  }

  /** The restore that is armed as things stand, the open transaction's word included. */
  get armedRestore(): string | null {
    const said = this.#state.kind === "open" ? this.#state.meta.armedRestore : undefined;
    return said === undefined ? this.#armed : said;
  }

  /** Lets no new call use the storage; what is committed still becomes durable. */
  refuse(error: unknown): void {
    this.#refused = { error };
  }

  /** @throws what broke the session */
  willRead(): void {
    if (this.#state.kind === "broken") throw this.#state.error;
    if (this.#refused) throw this.#refused.error;
  }

  /** To be called before each step that may change the database. Unconfirmed writes do not close the output gate.
   * @throws what broke the session, or SQLite's error */
  willWrite(options: WriteOptions): void {
    const state = this.#state;
    if (state.kind === "open" && (state.confirmed || !options.confirmed) && !this.#refused) return; // nearly always
    this.willRead();
    if (this.#state.kind === "none") {
      if (this.#isRolledBack) return;
      this.#open([]);
      this.#parts.joined();
    }
    if (!options.confirmed || this.#state.kind !== "open") return;
    this.#state.confirmed = true;
    if (this.#state.levels.length === 0) this.#state.hold ??= this.#parts.gate.hold();
  }

  /** Whether a `transaction()` or a `transactionSync()` is open. */
  get isExplicit(): boolean {
    return this.#savepoints > 0 || (this.#state.kind === "open" && this.#state.levels.length > 0);
  }

  /** Begins a `transaction()`. @throws what broke the session, or SQLite's error */
  begin(): Level {
    this.willRead();
    if (this.#state.kind === "open" && this.#state.levels.length === 0) this.endOfTurn();
    if (this.#state.kind !== "open") {
      const level: Level = { meta: {}, confirmed: false, status: "open" };
      this.#open([level]);
      return level;
    }
    const { levels, meta, confirmed } = this.#state;
    const level: Level = { meta, confirmed, status: "open" };
    this.#exec(`SAVEPOINT _cf_transaction_${levels.length}`);
    levels.push(level);
    return level;
  }

  /** Ends a `transaction()` well, and those still open inside it. Nothing is left to do if it was rolled back. A COMMIT that fails breaks the
   * session. */
  commit(level: Level): void {
    if (this.#state.kind !== "open" || level.status !== "open") return;
    const { levels } = this.#state;
    const depth = levels.indexOf(level);
    for (const one of levels.splice(depth)) one.status = "committed";
    if (depth > 0) {
      this.#exec(`RELEASE _cf_transaction_${depth}`);
      return;
    }
    if (this.#state.confirmed) this.#state.hold = this.#parts.gate.hold();
    this.endOfTurn();
  }

  /** Undoes a `transaction()` and those still open inside it. */
  rollback(level: Level): void {
    if (this.#state.kind !== "open" || level.status !== "open") return;
    const { levels } = this.#state;
    const depth = levels.indexOf(level);
    for (const one of levels.splice(depth)) one.status = "rolled back";
    this.#rollbacks += 1;
    if (depth > 0) {
      this.#exec(`ROLLBACK TO _cf_transaction_${depth}`);
      this.#exec(`RELEASE _cf_transaction_${depth}`);
      this.#state.meta = level.meta;
      this.#state.confirmed = level.confirmed;
      return;
    }
    this.#exec("ROLLBACK");
    this.#state = { kind: "none" };
    this.#isRolledBack = true;
  }

  /** Whether a `transaction()` is open inside this one. */
  hasInner(level: Level): boolean {
    return this.#state.kind === "open" && level.status === "open" && this.#state.levels.at(-1) !== level;
  }

  /** Everything was dropped: what others remember of the database is looked at again. */
  forgetSchema(): void {
    this.#rollbacks += 1;
  }

  /** Drops what the turn has written so far, as if it had not been. */
  discard(): void {
    this.willRead();
    if (this.#state.kind !== "open") return;
    this.#exec("ROLLBACK");
    this.#state.hold?.release();
    this.#state = { kind: "none" };
    this.#rollbacks += 1;
  }

  #open(levels: Level[]): void {
    this.#exec("BEGIN");
    this.#state = { kind: "open", levels, hold: undefined, confirmed: false, meta: {}, appended: undefined };
  }

  /** The alarm as the open transaction sets it; `undefined` if it does not. */
  get saidAlarm(): number | null | undefined {
    return this.#state.kind === "open" ? this.#state.meta.alarm : undefined;
  }

  /** Makes the alarm's new value part of the turn's commit (T22). */
  sayAlarm(alarm: number | null, options: WriteOptions): void {
    this.#say({ alarm }, options);
  }

  #say(meta: CommitMeta, options: WriteOptions): void {
    this.#isRolledBack = false; // it has to be in a commit of ours
    this.willWrite(options);
    if (this.#state.kind === "open") this.#state.meta = { ...this.#state.meta, ...meta };
  }

  /** To be told what the engine threw. If SQLite ended the transaction by itself (disk full, I/O error, ON CONFLICT ROLLBACK:
   * `spec/sql` §1.4), if a page could not be read, or the engine is gone, the session is broken. */
  engineFailed(error: unknown): void {
    const isLost = isHoldfastError(error) && error.code === "HOLDFAST_ENGINE_LOST";
    if (isLost || isUnreadable(error) || (this.#state.kind === "open" && !this.#parts.connection.database.inTransaction))
      this.fail(error);
  }

  /** Grows whenever something was rolled back, so that what others remember of the database is looked at again. */
  get rollbacks(): number {
    return this.#rollbacks;
  }

  /** Arms a restore as part of this turn's commit (rule 4); `null` disarms. */
  armRestore(bookmark: string | null): void {
    this.#say({ armedRestore: bookmark }, { confirmed: true });
  }

  /** Runs `callback` in a savepoint, which a throw undoes. @throws what `callback` throws; what broke the session */
  sync<T>(callback: () => T, options: WriteOptions = { confirmed: true }): T {
    this.#isRolledBack = false; // a savepoint outside any transaction would be one
    this.willWrite(options);
    const meta = this.#state.kind === "open" ? this.#state.meta : {};
    const name = `_cf_sync_${this.#savepoints}`;
    this.#savepoints += 1;
    try {
      this.#exec(`SAVEPOINT ${name}`);
      let result: T;
      try {
        result = callback();
      } catch (error) {
        this.#rollbackTo(name, meta, error);
        throw error;
      }
      this.willRead(); // an abort inside the callback ended the session
      this.#exec(`RELEASE ${name}`);
      return result;
    } finally {
      this.#savepoints -= 1;
    }
  }

  /** Commits what the turn wrote and lets the gate open once it is durable. Never throws: failures break the session. */
  endOfTurn(): void {
    const state = this.#state;
    if (state.kind !== "open") this.#isRolledBack = false;
    if (state.kind !== "open" || state.levels.length > 0) return;
    try {
      this.#exec("COMMIT");
      // Nothing in the pages changed, but the turn has something to say: its record carries no pages.
      if (!state.appended && isSaid(state.meta))
        this.onCommit({ pageCount: this.#parts.connection.database.pageCount, pages: [] });
    } catch (error) {
      this.fail(this.#parts.commitError(error));
      return;
    }
    this.#state = { kind: "none" };
    this.#armed = state.meta.armedRestore === undefined ? this.#armed : state.meta.armedRestore;
    const { alarm } = state.meta;
    if (alarm !== undefined) this.#parts.onAlarm(alarm, false);
    if (state.appended) this.#awaitFlush(state.appended, state.hold, alarm);
    else state.hold?.release();
  }

  #awaitFlush(position: Position, hold: Hold | undefined, alarm?: number | null): void {
    this.#lastFlush = this.#parts.timeline.flushed(position);
    this.#lastFlush.then(
      () => {
        if (alarm !== undefined) this.#parts.onAlarm(alarm, true);
        hold?.release();
      },
      (error) => this.fail(error),
    );
  }

  /** Resolves when everything committed so far is durable, confirmed or not. */
  async flushed(): Promise<void> {
    const before = this.failure();
    if (before) throw before.error;
    await this.#lastFlush;
    const after = this.failure();
    if (after) throw after.error;
  }

  /** Ends the session's use of the database: drops what is not committed, breaks the gate, refuses everything with `error`. */
  fail(error: unknown): void {
    if (this.#state.kind === "broken") return;
    const open = this.#state.kind === "open";
    this.#state = { kind: "broken", error };
    this.#parts.gate.break(error);
    try {
      if (open && this.#parts.connection.database.inTransaction) this.#exec("ROLLBACK");
    } finally {
      this.#parts.onBroken(error);
    }
  }

  #rollbackTo(name: string, meta: CommitMeta, cause: unknown): void {
    if (this.#state.kind === "broken") return; // the session ended inside the callback and everything is rolled back
    if (!this.#parts.connection.database.inTransaction) {
      this.fail(cause);
      return;
    }
    this.#exec(`ROLLBACK TO ${name}`);
    this.#exec(`RELEASE ${name}`);
    this.#rollbacks += 1;
    if (this.#state.kind === "open") this.#state.meta = meta;
  }

  #exec(sql: string): void {
    try {
      this.#parts.connection.run(sql);
    } catch (error) {
      if (this.#state.kind === "none") this.engineFailed(error); // of a BEGIN; whoever else calls looks after its failure
      throw error;
    }
  }
}

/** Whether the store's failure is behind what SQLite reported. */
function isUnreadable(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (isHoldfastError(one)) return one.code === "HOLDFAST_STORE_FAILED";
  }
  return false;
}

function isSaid(meta: CommitMeta): boolean {
  return meta.alarm !== undefined || meta.armedRestore !== undefined;
}
