/** recovery/point-in-time-recovery.ts
 * The bookmark calls of `ctx.storage` (`spec/runtime` §8).
 *
 * A bookmark names a position of the timeline. A restore is asked for now and done when the next session starts: the request is part
 * of this turn's commit, so a turn that rolls back asks for nothing (T10). parity: bookmark-restore */
import type { Timeline } from "../contract/index.js";
import {
  foreignBookmark,
  futureTimestamp,
  malformedBookmark,
  NOT_A_DATE,
  notOfType,
  oldTimestamp,
  tooOldForHistory,
} from "../messages.js";
import { toText } from "../sql/bindings.js";
import type { Transaction } from "../transaction/transaction.js";

/** `spec/runtime` §8.2 */
const RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

/** `spec/runtime` §8.1. Whether it means anything is the timeline's to say. */
const BOOKMARK = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/;

export interface RecoveryParts {
  readonly timeline: Timeline;
  readonly transaction: Transaction;
  /** Milliseconds since the epoch. */
  now(): number;
  /** What resolves in a turn of its own, of the scope that is current now, after the present one has ended. */
  turnTaker(): () => Promise<void>;
  /** How far back a time may be; 30 days if left out. */
  readonly retentionMs?: number | undefined;
  /** The class name in messages. */
  readonly owner: string;
}

export class PointInTimeRecovery {
  readonly #parts: RecoveryParts;
  /** The last request whose target was found; what an invalid one falls back to. */
  #valid: string | null = null;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** Covers every write of the turn, also those made after the call, and is durable when it resolves. */
  async getCurrentBookmark(): Promise<string> {
    const { timeline } = this.#parts;
    const nextTurn = this.#parts.turnTaker();
    await nextTurn();
    const position = timeline.head;
    await timeline.flushed(position);
    await nextTurn();
    return timeline.bookmark(position);
  }

  /** @throws TypeError if it is neither date nor number; Error if it is in the future, or older than what is retained */
  async getBookmarkForTime(timestamp: unknown): Promise<string> {
    const { timeline, now, owner, retentionMs = RETENTION_MS } = this.#parts;
    if (typeof timestamp !== "number" && !(timestamp instanceof Date)) {
      throw notOfType("getBookmarkForTime", owner, 1, "date");
    }
    const ms = Number(timestamp);
    if (Number.isNaN(ms)) throw new TypeError(NOT_A_DATE);
    if (ms > now()) throw futureTimestamp(ms);
    if (ms < now() - retentionMs) throw oldTimestamp(ms, retentionMs);
    const nextTurn = this.#parts.turnTaker();
    await nextTurn();
    const position = await timeline.resolveTime(ms);
    await nextTurn();
    // The first state that is retained is a later one than was asked for, and not the empty beginning.
    if (position.wallMs > ms && position.txid > 0) throw tooOldForHistory(ms, position.wallMs);
    return timeline.bookmark(position);
  }

  /** Arms a restore and resolves to the bookmark that undoes it. The last call wins.
   * @throws TypeError for text that is no bookmark; Error for one that is not of this object */
  async onNextSessionRestoreBookmark(args: readonly unknown[]): Promise<string> {
    const { timeline, transaction, owner } = this.#parts;
    if (args.length === 0) throw notOfType("onNextSessionRestoreBookmark", owner, 1, "string");
    const bookmark = toText(args[0]);
    if (!BOOKMARK.test(bookmark)) throw malformedBookmark(bookmark);
    const nextTurn = this.#parts.turnTaker();
    transaction.armRestore(bookmark);
    // Armed in the turn that asked; whether the target exists takes a look into the log, which is a later turn.
    const found = await timeline.resolveBookmark(bookmark);
    await nextTurn();
    const isArmed = transaction.armedRestore === bookmark; // not if its turn was rolled back, or another call came later
    if (found.kind === "position" && isArmed) this.#valid = bookmark;
    if (found.kind !== "position") {
      if (isArmed) transaction.armRestore(this.#valid);
      throw found.kind === "malformed" ? malformedBookmark(bookmark) : foreignBookmark(bookmark);
    }
    await transaction.flushed();
    await nextTurn();
    return timeline.undoBookmark();
  }
}
