/** contract/timeline.ts
 * One object's whole history, opened by exactly one writer. What core needs of it.
 *
 * The commit log is the truth and every SQLite file is a cache of it. A write is finished when its record is durable here, not when
 * SQLite committed; a restore is an entry here, not a copied file.
 *
 *     SQLite COMMIT ──▶ append(): encoded, queued ──▶ flushed(): durable ──▶ the output gate opens
 *
 * 1. Opening fences: it takes the next epoch, and every older writer's appends fail from then on.
 * 2. History is linear. `append` advances `head`; nothing is ever removed except by retention.
 * 3. `flushed(p)` resolves when everything up to `p` is durable, in order. If it rejects, the object is broken: its memory is ahead
 *    of the log, and the only way on is a new session from the durable head. A failed flush is never retried.
 * 4. A restore asked for by {@link CommitMeta.armedRestore} is carried out by the next `open`, once (T10). If its target cannot be
 *    restored, the open succeeds with the present state and the failure is recorded (T11). */
import type { CommitPages, Image, ScratchFile } from "./pager.js";

/** A place in a timeline (T1, T2). Ordered by (epoch, sequence) within one incarnation. */
export interface Position {
  /** 64 random bits, fixed when the object was created. */
  readonly incarnation: bigint;
  /** Number of the opening; 0 before the first. */
  readonly epoch: number;
  /** Number of the record within its epoch; the opening itself is 0. */
  readonly sequence: number;
  /** Number of the commit over the whole timeline; openings do not count. */
  readonly txid: number;
  /** The record's checksum, which covers the record before it: 32 bits. */
  readonly checksum: number;
  /** When it was written, milliseconds since the epoch, never less than an earlier position's. */
  readonly wallMs: number;
}

/** Part of a timeline: after `after` (exclusive) up to `upTo` (inclusive). Absent ends mean the oldest retained and the head. */
export interface PositionRange {
  readonly after?: Position;
  readonly upTo?: Position;
}

export interface TimelineSource {
  /** Opens the object for writing, creating it if it does not exist, and applies an armed restore.
   * @throws HoldfastError `HOLDFAST_LOG_CORRUPT`, and changes nothing. */
  open(objectId: string): Promise<Timeline>;
  /** Opens the object for reading, also beside its writer. One that does not exist has an empty history. */
  read(objectId: string): Promise<TimelineReader>;
  /** Ids of the objects that have a timeline, in ascending order. */
  list(prefix?: string): AsyncIterable<string>;
  /** Copies an object, as it is at a position or at its durable head, to a new one. Nothing is copied of an object without commits.
   * @throws HoldfastError `HOLDFAST_USAGE` if `to` exists or `at` is not of the object. */
  fork(objectId: string, to: string, at?: Position): Promise<void>;
  /** Ends the object's history durably. A later `open` starts a new incarnation, to which no old bookmark belongs. */
  delete(objectId: string): Promise<void>;
}

/** A timeline as somebody reads it who does not write. */
export interface TimelineReader {
  /** The last position: appended, for the writer; durable, for others. */
  readonly head: Position;
  /** The database as it was at `at`, or at the head. A new image each time; the caller closes it. */
  image(at?: Position): Promise<Image>;
  /** The bookmark of a position: `epoch8-sequence8-day8-` and 32 hex digits; compares as a string (T3). */
  bookmark(position: Position): string;
  /** What a bookmark stands for in this timeline. */
  resolveBookmark(bookmark: string): Promise<BookmarkResolution>;
  /** The newest position at or before a time, in front of anything later; for a time before the first commit, the empty beginning. Positions of the
   * future say nothing: the clock was ahead (T9). */
  resolveTime(ms: number): Promise<Position>;
  /** Restores that were carried out, or could not be, in order. */
  restores(): AsyncIterable<PastRestore>;
  /** What is retained, in order. @throws HoldfastError `HOLDFAST_LOG_CORRUPT` at damage */
  entries(range: PositionRange): AsyncIterable<TimelineEntry>;
  /** Lets go of the object; the writer waits for what was appended. */
  close(): Promise<void>;
}

export interface Timeline extends TimelineReader {
  readonly epoch: number;
  /** The last position known to be durable. */
  readonly durable: Position;
  /** Encodes the commit now, queues it, never waits. The pages may be reused as soon as it returns.
   * @throws HoldfastError if an earlier flush failed or the timeline is closed. */
  append(commit: CommitPages): Position;
  /** Resolves when everything up to and including `upTo` is durable (rule 3).
   * @throws HoldfastError `HOLDFAST_FENCED` or `HOLDFAST_STORE_FAILED`, as a rejection. */
  flushed(upTo: Position): Promise<void>;
  /** The bookmark that means "the last durable commit of this session", valid once the session has ended (T3). */
  undoBookmark(): string;
  /** Starts another object whose history is this one's up to `at` (T4). */
  fork(at: Position, objectId: string): Promise<void>;
  /** Whether the store has room for a commit of so many bytes. Absent: always. */
  hasRoom?(bytes: number): boolean;
  /** A new scratch file, where the store has room for it. */
  readonly scratch?: (() => ScratchFile) | undefined;
}

/** One record of a timeline. */
export interface TimelineEntry {
  readonly position: Position;
  /** `open`: a session began. `base`: what was older than the retention, as one. `clock`: time went back here by more than five minutes. */
  readonly kind: "open" | "commit" | "base" | "restore" | "reset" | "clock";
  /** Pages that it changed; 0 of a restore, which names what it leads to. */
  readonly pages: number;
  /** What it takes in the log. */
  readonly bytes: number;
  /** The object's alarm from here on, if it says so. */
  readonly alarm?: number | null;
}

/** A restore as it stands in the history. */
export interface PastRestore {
  /** The bookmark of the restore itself: the state that it led to. */
  readonly bookmark: string;
  /** The bookmark that was asked for. */
  readonly requested: string;
  /** When, milliseconds since the epoch. */
  readonly at: number;
  /** Why it could not be carried out, if it could not: it then changed nothing (T11). */
  readonly failure?: string;
}

export type BookmarkResolution =
  | { readonly kind: "position"; readonly position: Position }
  /** Not of a bookmark's form. */
  | { readonly kind: "malformed" }
  /** Well-formed, but of another object, another incarnation, or no longer retained. */
  | { readonly kind: "unknown" };
