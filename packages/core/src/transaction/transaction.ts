/** transaction/transaction.ts
 * Decides when writes become a commit. At most one transaction is open:
 *
 *            willWrite()                    endOfTurn()
 *   none ─────────────────▶ implicit ─────────────────────▶ none        COMMIT, append, then flushed
 *     │                        │
 *     └── fail() ──────────────┴────────▶ broken                        nothing is read or written any more
 *
 * `transactionSync()` is a savepoint inside `implicit`, not a state.
 *
 * 1. The first write of a turn opens the transaction, its end commits it; a handler that throws does not roll it back (`spec/runtime` §3).
 * 2. The output gate is held from the first confirmed write until the commit is durable.
 * 3. Commit n+1 may be appended before commit n is durable, and is never reported durable before it.
 * 4. What arms a restore belongs to the transaction: it is committed with it, and rolled back with it (T10).
 * 5. If COMMIT or the append fails, memory and log no longer agree: `broken`, and the session ends. */
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
  /** The error for a COMMIT that SQLite refused. */
  commitError(error: unknown): unknown;
}

type State =
  | { readonly kind: "none" }
  | { readonly kind: "implicit"; hold: Hold | undefined; meta: CommitMeta; appended: Position | undefined }
  | { readonly kind: "broken"; readonly error: unknown };

export class Transaction {
  readonly #parts: TransactionParts;
  #state: State = { kind: "none" };
  #savepoints = 0;
  #rollbacks = 0;
  #armed: string | null = null;
  #refused: { readonly error: unknown } | undefined;
  #lastFlush: Promise<void> = Promise.resolve();

  constructor(parts: TransactionParts) {
    this.#parts = parts;
  }

  /** To be told of every commit the engine makes. */
  onCommit(commit: CommitPages): Position {
    const meta = this.#state.kind === "implicit" ? this.#state.meta : undefined;
    const position = this.#parts.timeline.append(meta && isSaid(meta) ? { ...commit, meta } : commit);
    if (this.#state.kind === "implicit") this.#state.appended = position;
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
    const said = this.#state.kind === "implicit" ? this.#state.meta.armedRestore : undefined;
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
  willWrite(options: { readonly confirmed: boolean }): void {
    this.willRead();
    if (this.#state.kind === "none") {
      this.#exec("BEGIN");
      this.#state = { kind: "implicit", hold: undefined, meta: {}, appended: undefined };
      this.#parts.joined();
    }
    if (options.confirmed && this.#state.kind === "implicit") this.#state.hold ??= this.#parts.gate.hold();
  }

  /** To be told what the engine threw. If SQLite ended the transaction by itself (disk full, I/O error, ON CONFLICT ROLLBACK:
   * `spec/sql` §1.4), or the engine is gone, the session is broken. */
  engineFailed(error: unknown): void {
    const isLost = isHoldfastError(error) && error.code === "HOLDFAST_ENGINE_LOST";
    if (isLost || (this.#state.kind === "implicit" && !this.#parts.connection.database.inTransaction)) this.fail(error);
  }

  /** Grows whenever something was rolled back, so that what others remember of the database is looked at again. */
  get rollbacks(): number {
    return this.#rollbacks;
  }

  /** Arms a restore as part of this turn's commit (rule 4); `null` disarms. */
  armRestore(bookmark: string | null): void {
    this.willWrite({ confirmed: true });
    if (this.#state.kind === "implicit") this.#state.meta = { ...this.#state.meta, armedRestore: bookmark };
  }

  /** Runs `callback` in a savepoint, which a throw undoes. @throws what `callback` throws; what broke the session */
  sync<T>(callback: () => T, options = { confirmed: true }): T {
    this.willWrite(options);
    const meta = this.#state.kind === "implicit" ? this.#state.meta : {};
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
    if (state.kind !== "implicit") return;
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
    if (state.appended) this.#awaitFlush(state.appended, state.hold);
    else state.hold?.release();
  }

  #awaitFlush(position: Position, hold: Hold | undefined): void {
    this.#lastFlush = this.#parts.timeline.flushed(position);
    this.#lastFlush.then(
      () => hold?.release(),
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
    const open = this.#state.kind === "implicit";
    this.#state = { kind: "broken", error };
    this.#parts.gate.break(error);
    try {
      if (open && this.#parts.connection.database.inTransaction) this.#exec("ROLLBACK");
    } finally {
      this.#parts.onBroken(error);
    }
  }

  #rollbackTo(name: string, meta: CommitMeta, cause: unknown): void {
    if (this.#state.kind !== "implicit") return; // the session ended inside the callback and everything is rolled back
    if (!this.#parts.connection.database.inTransaction) {
      this.fail(cause);
      return;
    }
    this.#exec(`ROLLBACK TO ${name}`);
    this.#exec(`RELEASE ${name}`);
    this.#rollbacks += 1;
    this.#state.meta = meta;
  }

  #exec(sql: string): void {
    try {
      this.#parts.connection.trusted((database) => database.exec(sql));
    } catch (error) {
      if (this.#state.kind === "none") this.engineFailed(error); // of a BEGIN; whoever else calls looks after its failure
      throw error;
    }
  }
}

function isSaid(meta: CommitMeta): boolean {
  return meta.alarm !== undefined || meta.armedRestore !== undefined;
}
