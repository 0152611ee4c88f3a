/** timeline/log-timeline.ts
 * One object's timeline over a store's log: encodes commits into records, and carries out a restore when it is opened.
 *
 *   store.open ──▶ OPEN record ──▶ armed restore? RESTORE record ──▶ durable ──▶ appends
 *
 * 1. OPEN takes (epoch, 0) and advances the checksum, not the txid (T1). A log without records, or one that was forked, gets a fresh
 *    incarnation with it (T2, T4).
 * 2. A restore is one record that names a position (T8). It disarms itself, so undoing it does not run it again (T10). A target that
 *    cannot be restored gives a record that says so and changes nothing (T11). */
import {
  type CommitMeta,
  type CommitPages,
  HoldfastError,
  type Image,
  PAGE_SIZE,
  type Position,
  type ScratchFile,
  type Timeline,
} from "@holdfast/core/contract";
import { comparePositions, type Log, type LogStore, NO_POSITION } from "../contract.js";
import type { PagedImage, PagedImageParts } from "../image/paged-image.js";
import { encodeInParts } from "../record/commit-body.js";
import { encodeMeta, metaFlags } from "../record/meta.js";
import { encodeRecord, HEADER_BYTES, RecordKind } from "../record/record.js";
import { encodeRestore } from "../record/restore-body.js";
import { baseRecords } from "./base-records.js";
import { END_OF_EPOCH, formatBookmark, parseBookmark } from "./bookmark.js";
import type { StateAt } from "./history.js";
import { findExpired, type Horizon } from "./retention.js";
import { writeSnapshot } from "./snapshot.js";
import { TimelineView } from "./timeline-view.js";

export interface TimelineParts {
  readonly store: LogStore;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Fresh random bytes. */
  random(count: number): Uint8Array;
  /** How far back the object can be restored, milliseconds; 30 days if left out (`spec/runtime` §8.2). */
  readonly retentionMs?: number;
  /** Bytes that the records of an object's history may have; what is oldest is given up first. No limit if left out. */
  readonly historyBytes?: number;
}

/** The last sequence an epoch may use; the one after means its end (T3). */
const LAST_SEQUENCE = END_OF_EPOCH - 1;

/** A commit that is longer is several records. */
const PART_BYTES = (4 << 20) - HEADER_BYTES;

/** Records that are no commits: the txid stays (T1). */
const UNCOUNTED: ReadonlySet<number> = new Set([RecordKind.OPEN, RecordKind.PART, RecordKind.CLOCK]);

/** How far time may be ahead of the clock before it is set back (T9). */
const MOST_AHEAD_MS = 5 * 60 * 1000;

/** Shorter logs are read whole. */
const MIN_SNAPSHOT_BYTES = 1 << 20;

/** `spec/runtime` §8.2 */
const RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

/** Less than this is not worth writing the log anew. */
const MIN_EXPIRED_BYTES = 1 << 16;

/** Where an armed bookmark leads. */
interface Restorable extends StateAt {
  readonly position: Position;
}

interface Appendix {
  readonly kind: number;
  readonly body: Uint8Array;
  readonly pageCount: number;
  readonly meta: CommitMeta | undefined;
}

export class LogTimeline extends TimelineView implements Timeline {
  readonly #parts: TimelineParts;
  readonly #objectId: string;
  readonly #log: Log;
  #head: Position;
  #durable: Position;
  #opening: Position;
  /** Settles when no snapshot is being written; then it is `undefined`. */
  #snapshot: Promise<void> | undefined;
  /** Bytes of records since the newest snapshot, and pages of the database. */
  #tailBytes = 0;
  #pageCount = 0;
  /** What a snapshot says beside its pages. */
  #meta: Required<CommitMeta> = { alarm: null, armedRestore: null };
  #oldestMs = Number.POSITIVE_INFINITY;
  #historyBytes = 0;
  /** The state with which the session begins, until somebody takes it or something is appended. */
  #begun: PagedImage | undefined;
  /** The state that the log ends with, to be closed if the opening fails. */
  #opened: PagedImage | undefined;
  /** The session's image: every commit is applied to it before the next one is appended. */
  #live: PagedImage | undefined;
  #closed: Promise<void> | undefined;
  #failed: { readonly error: unknown } | undefined;

  /** Opens, fences, and carries out an armed restore. */
  static async open(parts: TimelineParts, objectId: string): Promise<LogTimeline> {
    const log = await parts.store.open(objectId);
    const timeline = new LogTimeline(parts, objectId, log);
    try {
      await timeline.#start();
    } catch (error) {
      timeline.#opened?.close();
      timeline.#begun?.close();
      await log.close();
      throw error;
    }
    return timeline;
  }

  private constructor(parts: TimelineParts, objectId: string, log: Log) {
    super(log, objectId, { images: imageParts(parts.store), now: () => parts.now() });
    this.#parts = parts;
    this.#objectId = objectId;
    this.#log = log;
    this.#head = log.head;
    this.#durable = log.head;
    this.#opening = log.head;
  }

  hasRoom(bytes: number): boolean {
    return this.#parts.store.hasRoom?.(bytes) ?? true;
  }

  get scratch(): (() => ScratchFile) | undefined {
    return imageParts(this.#parts.store).scratch;
  }

  get epoch(): number {
    return this.#log.epoch;
  }

  override get head(): Position {
    return this.#head;
  }

  get durable(): Position {
    return this.#durable;
  }

  append(commit: CommitPages): Position {
    if (this.#closed) throw new HoldfastError("HOLDFAST_CLOSED", `The timeline of object '${this.#objectId}' is closed.`);
    if (this.#failed) throw this.#failed.error;
    if (this.#live && !this.#live.isClosed) this.#shorten(this.#head, this.#live);
    const { pageCount, meta } = commit;
    try {
      this.#followClock();
      const append = (kind: number, body: Uint8Array) =>
        this.#append({ kind, body, pageCount, meta: kind === RecordKind.PART ? undefined : meta });
      return append(
        RecordKind.COMMIT,
        encodeInParts(commit, PART_BYTES, (entries) => append(RecordKind.PART, entries)),
      );
    } catch (error) {
      this.#failed ??= { error }; // parts without an end may be there: nothing may come behind them
      throw error;
    }
  }

  flushed(upTo: Position): Promise<void> {
    return this.#log.flushed(upTo).then(
      () => {
        if (comparePositions(upTo, this.#durable) > 0) this.#durable = upTo;
      },
      (error) => {
        this.#failed ??= { error };
        throw error;
      },
    );
  }

  /** The image with which the session begins is there already. */
  override image(at: Position = this.#head): Promise<Image> {
    const begun = at === this.#head ? this.#begun : undefined;
    if (!begun) return super.image(at);
    this.#begun = undefined;
    this.#live = begun;
    return Promise.resolve(begun);
  }

  undoBookmark(): string {
    return formatBookmark(this.#opening, END_OF_EPOCH);
  }

  async fork(at: Position, objectId: string): Promise<void> {
    await this.flushed(this.#head);
    await this.#parts.store.fork(this.#objectId, at, objectId);
  }

  override close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.flushed(this.#head);
      await this.#snapshot;
      // Everything is durable already: what goes wrong here, the next opening will find.
      if (this.#isLong)
        await this.history.at(this.#head).then(
          ({ image }) => {
            this.#shorten(this.#head, image);
            image.close();
          },
          () => undefined,
        );
      await this.#snapshot;
    } finally {
      this.#begun?.close();
      await this.#log.close();
    }
  }

  async #start(): Promise<void> {
    const { head: before, isFork } = this.#log;
    const opening = await this.history.at(before);
    this.#opened = opening.image;
    const armed = opening.meta.armedRestore;
    const isNew = isFork || comparePositions(before, NO_POSITION) === 0;
    const incarnation = isNew ? toUint64(this.#parts.random(8)) : before.incarnation;
    this.#head = { ...before, incarnation, epoch: this.#log.epoch, sequence: -1 };
    this.#meta = opening.meta;
    this.#oldestMs = opening.oldestMs;
    this.#historyBytes = opening.historyBytes;
    // A fork does not carry the alarm over (T4), nor a request to restore.
    const meta: CommitMeta | undefined = isFork ? { alarm: null, armedRestore: null } : undefined;
    this.#opening = this.#append({ kind: RecordKind.OPEN, body: encodeMeta(meta), pageCount: 0, meta }, before);
    this.#begun = opening.image;
    this.#tailBytes = opening.replayedBytes;
    this.#pageCount = opening.image.pageCount;
    if (armed !== null && !isFork) await this.#restore(armed, before);
    await this.flushed(this.#head);
    this.#shorten(this.#head, this.#begun as PagedImage);
    const { retentionMs = RETENTION_MS, historyBytes = Number.POSITIVE_INFINITY } = this.#parts;
    const now = this.#parts.now();
    const horizon = { now, ms: now - retentionMs, bytes: historyBytes };
    const isYoung = opening.oldestMs > horizon.ms && opening.oldestMs <= now; // a clock that was ahead says nothing
    if (isYoung && this.#historyBytes <= horizon.bytes) return;
    await this.#snapshot; // it may become superfluous
    await this.#retain(horizon);
  }

  /** A log that has grown longer than the database gets a snapshot, so that reading it stays within twice the image. Of a frozen view: nobody waits for
   * it, and the session goes on (T14). */
  #shorten(at: Position, present: PagedImage): void {
    if (!this.#isLong || this.#snapshot) return;
    const image = present.freeze();
    const state = { image, meta: this.#meta, oldestMs: this.#oldestMs, historyBytes: this.#historyBytes };
    const chunks = writeSnapshot(state, at);
    this.#tailBytes = 0;
    // A snapshot only saves work: an object whose store cannot take one now must still start (T11), and its next write will tell.
    const written = this.#log.putSnapshot(at, chunks).catch(() => undefined);
    this.#snapshot = written.then(() => {
      image.close();
      this.#snapshot = undefined;
    });
  }

  get #isLong(): boolean {
    return this.#tailBytes > Math.max(MIN_SNAPSHOT_BYTES, this.#pageCount * PAGE_SIZE);
  }

  /** Makes one state of what is too old to be restored, or too much, if that is worth it (T15). */
  async #retain(horizon: Horizon): Promise<void> {
    const { expired, bytes, keptMs } = await findExpired(this.history.records(NO_POSITION, this.#head), horizon);
    this.#historyBytes = bytes;
    this.#oldestMs = keptMs;
    if (!expired || expired.bytes < MIN_EXPIRED_BYTES) return;
    const { first, last } = expired;
    const image = await this.#imageUnlessDamaged(last);
    if (!image) return; // later states may stand on a snapshot above the damage
    const stateBytes = image.pageCount * PAGE_SIZE;
    if (expired.bytes > 2 * stateBytes) {
      // It only saves space: what somebody still reads stays until the next opening, and a store that cannot write now tells at the next write.
      const isReplaced = await this.#log.replace({ first, last }, baseRecords(expired, image)).then(
        () => true,
        () => false,
      );
      if (isReplaced) this.#historyBytes = bytes - expired.bytes + stateBytes;
    }
    image.close();
  }

  async #imageUnlessDamaged(at: Position): Promise<Image | undefined> {
    try {
      return (await this.history.at(at)).image;
    } catch (error) {
      if (error instanceof HoldfastError && error.code === "HOLDFAST_LOG_CORRUPT") return undefined;
      throw error;
    }
  }

  async #restore(bookmark: string, before: Position): Promise<void> {
    const found = await this.#restorable(bookmark, before);
    // The log says when the object is due: the alarm of the restored state (T22).
    const alarm = typeof found === "string" ? {} : { alarm: found.meta.alarm };
    const meta: CommitMeta = { armedRestore: null, ...alarm };
    const restore =
      typeof found === "string"
        ? { bookmark, target: { epoch: 0, sequence: 0 }, failure: found }
        : { bookmark, target: { epoch: found.position.epoch, sequence: found.position.sequence } };
    const body = concat(encodeMeta(meta), encodeRestore(restore));
    const unchanged = this.#begun;
    this.#followClock();
    this.#begun = unchanged;
    const begun = typeof found === "string" ? unchanged : found.image;
    if (begun !== this.#begun) this.#begun?.close();
    this.#append({ kind: RecordKind.RESTORE, body, pageCount: typeof found === "string" ? 0 : found.image.pageCount, meta });
    this.#begun = begun;
    if (typeof found === "string") return;
    this.#pageCount = found.image.pageCount;
    // Whoever opens the object next has to go back too, unless there is a snapshot.
    this.#tailBytes = Math.max(this.#tailBytes, this.#pageCount * PAGE_SIZE + 1);
  }

  /** Where an armed bookmark leads and what is there, or why it cannot be restored. */
  async #restorable(text: string, before: Position): Promise<Restorable | string> {
    const bookmark = parseBookmark(text);
    if (!bookmark) return "it is not a bookmark";
    try {
      const position = await this.history.find(bookmark, before);
      if (!position) return "no such position is retained";
      return { position, ...(await this.history.at(position)) };
    } catch (error) {
      if (error instanceof HoldfastError && error.code === "HOLDFAST_LOG_CORRUPT") return error.message;
      throw error;
    }
  }

  /** A clock that was ahead for a while, and was set right, would otherwise stop time: nothing could be found by it until then. */
  #followClock(): void {
    if (this.#head.wallMs - this.#parts.now() <= MOST_AHEAD_MS) return;
    this.#append({ kind: RecordKind.CLOCK, body: encodeMeta(undefined), pageCount: 0, meta: undefined });
  }

  #append(appendix: Appendix, before = this.#head): Position {
    this.#begun = undefined;
    if (this.#head.sequence >= LAST_SEQUENCE) {
      throw new HoldfastError("HOLDFAST_USAGE", `Object '${this.#objectId}' has used up its epoch. Restart it.`);
    }
    const rawMs = this.#parts.now();
    const counts = !UNCOUNTED.has(appendix.kind);
    const position = {
      incarnation: this.#head.incarnation,
      epoch: this.#head.epoch,
      sequence: this.#head.sequence + 1,
      txid: this.#head.txid + (counts ? 1 : 0),
      wallMs: appendix.kind === RecordKind.CLOCK ? rawMs : Math.max(this.#head.wallMs, rawMs),
    };
    const { bytes, checksum } = encodeRecord(
      {
        kind: appendix.kind,
        flags: metaFlags(appendix.meta),
        position,
        pageCount: appendix.pageCount,
        rawMs,
        durable: this.#durable,
        previousChecksum: before.checksum,
      },
      appendix.body,
    );
    const after: Position = { ...position, checksum };
    const alarm = appendix.meta?.alarm;
    this.#tailBytes += bytes.length;
    this.#historyBytes += bytes.length;
    if (appendix.kind === RecordKind.COMMIT) this.#pageCount = appendix.pageCount;
    if (appendix.meta) this.#meta = { ...this.#meta, ...appendix.meta };
    this.#oldestMs = Math.min(this.#oldestMs, rawMs); // of the first record, if this is it
    this.#log.append(before, bytes, { position: after, ...(alarm !== undefined && { alarm }) });
    this.#head = after;
    return after;
  }
}

/** Where images keep what does not fit in memory. */
export function imageParts(store: LogStore): PagedImageParts {
  return { scratch: store.scratch && (() => (store as Required<LogStore>).scratch()) };
}

function toUint64(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
