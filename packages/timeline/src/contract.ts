/** `@holdfast/timeline/contract`: what people who write a store implement.
 *
 * A store keeps records, which are bytes to it, and makes one comparison. Everything else (what a record says, snapshots' content,
 * bookmarks, retention, restore) exists once, in package timeline, over any store.
 *
 *     open ──▶ Log { epoch, head } ──▶ append(expected head, record) ──▶ flushed(position): durable
 *
 * What must hold:
 * 1. **The fence.** `open` takes an epoch higher than every earlier one. From the moment it resolves, no append of an older epoch is
 *    ever acknowledged or read, whatever the older writer believes (T18). Leases may save work; they never give safety.
 * 2. **The comparison.** `append` names the head it expects. If the log's head is another, the writer is broken: `flushed` rejects.
 * 3. **Order.** Records become durable in the order they were appended, without gaps. `flushed(p)` says that all up to `p` are.
 * 4. **Failure.** After a failed write or sync nothing more is accepted from this `Log`; what is durable is what was known to be
 *    before, never the result of looking again (T16). A failed sync is never retried.
 * 5. **Damage.** A torn tail behind the last durable record is a crash and is passed over. Any other damage makes `open` fail with
 *    `HOLDFAST_LOG_CORRUPT`, naming the place, and changes nothing (T6).
 * 6. **Ids** are any well-formed text and may never collide, also not on a file system that folds case. */
import type { Position, ScratchFile } from "@holdfast/core/contract";

export { HoldfastError, type Position, type ScratchFile } from "@holdfast/core/contract";

export interface LogStore {
  /** Opens an object for writing and fences older writers (rule 1). Creates it if it does not exist.
   * @throws HoldfastError `HOLDFAST_LOG_CORRUPT` (rule 5), `HOLDFAST_STORE_FAILED` */
  open(objectId: string): Promise<Log>;
  /** Opens an object for reading; never fences, never writes. An object that does not exist reads as an empty log. */
  read(objectId: string): Promise<LogReader>;
  /** Copies `objectId`'s records up to `at` to the new object `to`, durably and all at once. The copies keep their bytes, so the parent's
   * bookmarks stay readable in the fork. The next `open` of `to` continues after `at` and says {@link Log.isFork}; alarms that the copies
   * speak of are not the fork's (T4).
   * @throws HoldfastError `HOLDFAST_USAGE` if `to` exists or `at` is not in the log. */
  fork(objectId: string, at: Position, to: string): Promise<void>;
  /** Objects whose alarm is due at or before a time, earliest first, from the `meta` of their newest records (T22). */
  due(beforeMs: number, limit: number): AsyncIterable<{ readonly id: string; readonly at: number }>;
  /** Ids of the objects that exist, in ascending order of their UTF-16 code units. */
  list(prefix?: string): AsyncIterable<string>;
  /** Deletes an object by a durable tombstone that is newer than every epoch so far (T2): old writers stay fenced, and the next `open`
   * finds an empty log with a higher epoch. */
  delete(objectId: string): Promise<void>;
  /** Closes every log and lets go of what the store holds. */
  close(): Promise<void>;
  /** Whether so many bytes more may be committed. Absent: always. */
  hasRoom?(bytes: number): boolean;
  /** A new scratch file, where the store has a folder of this machine: databases that are too large for memory need it. Absent: everything
   * stays in memory. */
  scratch?(): ScratchFile;
}

export interface LogReader {
  /** Records are checked against their checksums when this store reads them: whoever asks for them need not do it again. */
  readonly isChecked?: boolean;
  /** Position of the last record, or {@link NO_POSITION} of an empty log. */
  readonly head: Position;
  /** Records after a place (exclusive; there need not be one at it) up to another (inclusive; absent: the head), in order, in batches as they come. */
  records(after: Place, upTo?: Place): AsyncIterable<readonly Uint8Array[]>;
  /** The place of a record at or before the newest one that was written at or before a time, as near to it as the store can tell without reading the
   * log; the first record's if there is no such record. {@link NO_POSITION} if it cannot tell, and if time goes back anywhere in the log (T9): then every
   * record is looked at. */
  placeAt(wallMs: number): Promise<Place>;
  /** The newest snapshot at or before a position. */
  snapshot(atOrBefore: Position): Promise<StoredSnapshot | undefined>;
  /** Keeps everything needed to read `at` from being replaced, until released. */
  pin(at: Position): Promise<Pin>;
  close(): Promise<void>;
}

export interface Log extends LogReader {
  readonly epoch: number;
  /** The head is another object's record: this object has none of its own yet, and takes an incarnation of its own with the first. */
  readonly isFork: boolean;
  /** Queues one record. Never waits and never throws: a failure shows in `flushed`. The bytes are the store's from here on. */
  append(expectedHead: Position, record: Uint8Array, meta: RecordMeta): void;
  /** Resolves when everything up to and including `upTo` is durable.
   * @throws HoldfastError `HOLDFAST_FENCED` or `HOLDFAST_STORE_FAILED`, as a rejection, for every call from then on; also for a position
   * that was never accepted. */
  flushed(upTo: Position): Promise<void>;
  /** Resolves if this writer still owns the object at a moment after the call: for turns that wrote nothing (T20).
   * @throws HoldfastError `HOLDFAST_FENCED`, as a rejection. */
  confirm(): Promise<void>;
  /** Stores a full image taken at a durable position; published whole or not at all (T14). */
  putSnapshot(at: Position, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Replaces the records of a span by others that mean the same, atomically (T15). The span ends before this log's epoch.
   * @throws HoldfastError `HOLDFAST_USAGE` if the span is pinned, not retained, or reaches into this epoch; perhaps if the log is being
   * read at the moment. */
  replace(span: Span, records: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Epoch and sequence of a record: where it stands in its log. */
export type Place = Pick<Position, "epoch" | "sequence">;

/** The bytes that `putSnapshot` was given: as a stream, or, where they are in a file of this machine, to be read here and there. Whoever asked closes the
 * file. */
export type StoredSnapshot = { readonly position: Position } & (
  | { readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly file: SnapshotFile }
);

/** Synchronous: a database is read while a statement runs. */
export interface SnapshotFile {
  readonly bytes: number;
  /** Fills `into` with the bytes from an offset, as far as there are any; how many they were. */
  read(offset: number, into: Uint8Array): number;
  /** The snapshot turned out to be damaged: it is not to be offered again. */
  discard(): void;
  close(): void;
}

/** What the store needs to know of a record without reading it. */
export interface RecordMeta {
  /** Where the record stands once appended. */
  readonly position: Position;
  /** The object's alarm from this record on, if it says so: milliseconds since the epoch, `null` for none (T22). */
  readonly alarm?: number | null;
}

/** Records `first` to `last`, both included. */
export interface Span {
  readonly first: Position;
  readonly last: Position;
}

export interface Pin {
  release(): void;
}

/** The head of a log without records. */
export const NO_POSITION: Position = Object.freeze({
  incarnation: 0n,
  epoch: 0,
  sequence: 0,
  txid: 0,
  checksum: 0,
  wallMs: 0,
});

/** Orders positions of one timeline: negative if `a` comes before `b`. */
export function comparePositions(a: Place, b: Place): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}
