/** timeline/history.ts
 * Reads what a log says: the records in order, the image at any of them, and what a bookmark or a time stands for.
 *
 * 1. Each record names the checksum of the one before. A gap or a foreign record is damage, never skipped.
 * 2. The image at a position is that of the newest restore, reset or snapshot below, plus the commits since. A restore leads to an
 *    earlier position, so the way back ends. */
import { HoldfastError, type Position } from "@holdfast/core/contract";
import { comparePositions, type LogReader, NO_POSITION } from "../contract.js";
import { MemoryImage } from "../image/memory-image.js";
import { foldEntries } from "../record/commit-body.js";
import { decodeMeta } from "../record/meta.js";
import { bodyOf, type RecordHeader, RecordKind, readChecked, readRecord } from "../record/record.js";
import { decodeRestore, type RestoreBody } from "../record/restore-body.js";
import { type Bookmark, END_OF_EPOCH, isMadeFrom } from "./bookmark.js";
import { LoadedHistory } from "./loaded-history.js";
import { type OpeningState, readSnapshot } from "./snapshot.js";

export interface HistoryRecord {
  readonly header: RecordHeader;
  readonly record: Uint8Array;
}

export class History {
  readonly #log: LogReader;
  readonly #objectId: string;

  constructor(log: LogReader, objectId: string) {
    this.#log = log;
    this.#objectId = objectId;
  }

  /** Records after a position up to another, each checked against the one before (rule 1).
   * @throws HoldfastError `HOLDFAST_LOG_CORRUPT` */
  async *records(after: Position, upTo: Position): AsyncGenerator<HistoryRecord> {
    let previous = after === NO_POSITION ? undefined : after;
    for await (const bytes of this.#log.records(after, upTo)) {
      const found = this.#log.isChecked ? readChecked(bytes) : readRecord(bytes);
      if (!found) throw this.#damage(previous, "is damaged");
      if (found.header.previousChecksum !== (previous ?? NO_POSITION).checksum) {
        throw this.#damage(previous, "does not follow the one before it");
      }
      previous = found.header.position;
      yield found;
    }
    if (comparePositions(previous ?? NO_POSITION, upTo) !== 0) throw this.#damage(previous, "is missing");
  }

  /** The database at a position, and how many bytes of records it took to make it from a snapshot or from nothing. */
  async image(at: Position): Promise<{ readonly image: MemoryImage; readonly replayedBytes: number }> {
    const start = (await this.fromSnapshot(at)) ?? { image: new MemoryImage(), position: NO_POSITION };
    const base = await this.#lastReplacement(start.position, at);
    if (!base) return this.#replay(start.image, start.position, at);
    start.image.close();
    const restored = base.restored ? await this.image(base.restored) : { image: new MemoryImage(), replayedBytes: 0 };
    const replayed = await this.#replay(restored.image, base.position, at);
    return { image: replayed.image, replayedBytes: restored.replayedBytes + replayed.replayedBytes };
  }

  /** What opening needs of the end of the log, in one pass from the newest snapshot. */
  async opening(head: Position): Promise<Opening> {
    const start = await this.fromSnapshot(head);
    let image = start?.image ?? new MemoryImage();
    let meta = start?.meta ?? { alarm: null, armedRestore: null };
    let { oldestMs = Number.POSITIVE_INFINITY } = start ?? {};
    let replayedBytes = 0;
    for await (const one of this.records(start?.position ?? NO_POSITION, head)) {
      const { header, record } = one;
      replayedBytes += record.length;
      if (!start && header.previousChecksum === NO_POSITION.checksum) oldestMs = timeOf(header);
      meta = { ...meta, ...decodeMeta(header.flags, bodyOf(record)).meta };
      const restore = header.kind === RecordKind.RESTORE ? restoreOf(one) : undefined;
      if (restore && restore.failure === undefined) {
        const { epoch, sequence } = restore.target;
        image.close();
        image = (await this.image(await this.#positionAt(epoch, sequence, header.position))).image;
      } else apply(image, one);
    }
    return { image, meta, oldestMs, replayedBytes };
  }

  /** The newest snapshot at or before a position. One that is damaged, or of other records, is passed over: the log has everything. */
  async fromSnapshot(
    at: Position,
  ): Promise<(OpeningState & { readonly image: MemoryImage; readonly position: Position }) | undefined> {
    const snapshot = await this.#log.snapshot(at);
    const state = snapshot && (await readSnapshot(snapshot));
    return state && { ...state, position: snapshot.position };
  }

  /** What the last record of an epoch is, or the record with a given sequence, if the bookmark was made from it. */
  async find(bookmark: Bookmark, durable: Position): Promise<Position | undefined> {
    let opening: Position | undefined;
    let last: Position | undefined;
    for await (const { header } of this.records(NO_POSITION, durable)) {
      const { position } = header;
      if (position.epoch !== bookmark.epoch) continue;
      if (position.sequence === 0) opening = position;
      if (position.sequence === bookmark.sequence) return isMadeFrom(bookmark, position) ? position : undefined;
      last = position;
    }
    const isUndo = bookmark.sequence === END_OF_EPOCH && opening !== undefined && isMadeFrom(bookmark, opening);
    return isUndo ? last : undefined;
  }

  /** The newest position at or before a time; the first of all if the time is before it. */
  async atTime(ms: number, durable: Position): Promise<Position> {
    let found: Position | undefined;
    for await (const { header } of this.records(NO_POSITION, durable)) {
      if (found && header.position.wallMs > ms) break;
      found = header.position;
    }
    return found ?? NO_POSITION;
  }

  /** Everything up to a position, in memory. */
  async load(upTo: Position): Promise<LoadedHistory> {
    const records: HistoryRecord[] = [];
    for await (const one of this.records(NO_POSITION, upTo)) records.push(one);
    return new LoadedHistory(records, (place) => this.#damage(place, "was restored and is missing"));
  }

  /** What each RESTORE record up to a position says. */
  async *restores(upTo: Position): AsyncGenerator<{ readonly position: Position; readonly restore: RestoreBody }> {
    for await (const one of this.records(NO_POSITION, upTo)) {
      if (one.header.kind === RecordKind.RESTORE) yield { position: one.header.position, restore: restoreOf(one) };
    }
  }

  /** The newest restore or reset in a range, and where it led. */
  async #lastReplacement(after: Position, upTo: Position): Promise<Replacement | undefined> {
    let last: { position: Position; restore?: RestoreBody } | undefined;
    for await (const { header, record } of this.records(after, upTo)) {
      if (header.kind === RecordKind.RESET) last = { position: header.position };
      if (header.kind !== RecordKind.RESTORE) continue;
      const restore = restoreOf({ header, record });
      if (restore.failure === undefined) last = { position: header.position, restore };
    }
    if (!last?.restore) return last;
    const { epoch, sequence } = last.restore.target;
    return { position: last.position, restored: await this.#positionAt(epoch, sequence, last.position) };
  }

  async #positionAt(epoch: number, sequence: number, before: Position): Promise<Position> {
    const wanted = { ...NO_POSITION, epoch, sequence };
    for await (const { header } of this.records(NO_POSITION, before)) {
      if (comparePositions(header.position, wanted) === 0) return header.position;
    }
    throw this.#damage(wanted, "was restored and is missing");
  }

  async #replay(image: MemoryImage, after: Position, upTo: Position): Promise<{ image: MemoryImage; replayedBytes: number }> {
    let replayedBytes = 0;
    for await (const one of this.records(after, upTo)) {
      replayedBytes += one.record.length;
      apply(image, one);
    }
    return { image, replayedBytes };
  }

  #damage(position: Position | undefined, what: string): HoldfastError {
    const place = position ? `after epoch ${position.epoch}, sequence ${position.sequence}` : "at the beginning";
    return new HoldfastError(
      "HOLDFAST_LOG_CORRUPT",
      `The log of object '${this.#objectId}' is damaged: a record ${place} ${what}. Nothing was changed; restore the log from a copy.`,
    );
  }
}

/** The end of a log: the state there, and how much of the log it took to make it. */
export interface Opening extends OpeningState {
  readonly image: MemoryImage;
  readonly replayedBytes: number;
}

/** The earlier of what the clock said and what the history says (T9). */
export function timeOf({ position, rawMs }: RecordHeader): number {
  return Math.min(position.wallMs, rawMs);
}

/** Folds a record into the image before it. Restores are not folded. */
export function apply(image: MemoryImage, { header, record }: HistoryRecord): void {
  if (header.kind === RecordKind.RESET) image.apply({ pageCount: 0, pages: [] });
  if (header.kind !== RecordKind.COMMIT && header.kind !== RecordKind.BASE) return;
  const body = bodyOf(record);
  // Differences are to what was there before the file grew or was cut off: pages that come back are listed.
  image.resize(header.pageCount);
  foldEntries(body.subarray(decodeMeta(header.flags, body).bytes), image);
}

interface Replacement {
  readonly position: Position;
  /** Absent: the state became empty. */
  readonly restored?: Position;
}

/** What a RESTORE record says. */
export function restoreOf({ header, record }: HistoryRecord): RestoreBody {
  const body = bodyOf(record);
  return decodeRestore(body.subarray(decodeMeta(header.flags, body).bytes));
}
