/** timeline/history.ts
 * Reads what a log says: the records in order, the state at any of them, and what a bookmark or a time stands for.
 *
 * 1. Each record names the checksum of the one before. A gap or a foreign record is damage, never skipped.
 * 2. The state at a position is that of the newest snapshot at or before it, and the records since. A restore leads to an earlier
 *    position, so the way back ends.
 * 3. What stands at a known place is read from there: a log may be long. */
import { type CommitMeta, HoldfastError, type Position } from "@holdfast/core/contract";
import { comparePositions, type LogReader, NO_POSITION, type Place } from "../contract.js";
import { PagedImage, type PagedImageParts } from "../image/paged-image.js";
import { decodeMeta } from "../record/meta.js";
import { bodyOf, type RecordHeader, RecordKind, readChecked, readRecord } from "../record/record.js";
import { decodeRestore, type RestoreBody } from "../record/restore-body.js";
import { type Bookmark, END_OF_EPOCH, isMadeFrom } from "./bookmark.js";
import { Replay } from "./replay.js";
import { type OpeningState, readSnapshot } from "./snapshot.js";

export interface HistoryRecord {
  readonly header: RecordHeader;
  readonly record: Uint8Array;
}

/** The state at a position, and how many bytes of records it took to make it from a snapshot or from nothing. */
export interface StateAt extends OpeningState {
  readonly image: PagedImage;
  readonly replayedBytes: number;
}

export interface ViewParts {
  readonly images: PagedImageParts;
  /** Milliseconds since the epoch. */
  now(): number;
}

export class History {
  readonly #log: LogReader;
  readonly #objectId: string;
  readonly #imageParts: PagedImageParts;
  readonly #now: () => number;

  constructor(log: LogReader, objectId: string, { images, now }: ViewParts) {
    this.#log = log;
    this.#objectId = objectId;
    this.#imageParts = images;
    this.#now = now;
  }

  /** Records after a position up to another, each checked against the one before (rule 1).
   * @throws HoldfastError `HOLDFAST_LOG_CORRUPT` */
  records(after: Position, upTo: Position): AsyncGenerator<HistoryRecord> {
    return each(this.#batches(after, upTo, after));
  }

  /** Records from a place on, which is not the beginning: nobody knows what the one before the first is. */
  async *#from({ epoch, sequence }: Place, upTo: Position): AsyncGenerator<HistoryRecord> {
    if (comparePositions({ epoch, sequence }, upTo) > 0) return;
    yield* each(this.#batches({ epoch, sequence: sequence - 1 }, upTo, undefined));
  }

  /** Where many are looked at, one step for each costs more than looking. */
  async *#batches(after: Place, upTo: Position, known: Position | undefined): AsyncGenerator<readonly HistoryRecord[]> {
    let previous = known;
    for await (const batch of this.#log.records(after, upTo)) {
      const records: HistoryRecord[] = [];
      for (const bytes of batch) {
        const found = this.#log.isChecked ? readChecked(bytes) : readRecord(bytes);
        if (!found) throw this.#damage(previous, "is damaged");
        if (previous && found.header.previousChecksum !== previous.checksum) {
          throw this.#damage(previous, "does not follow the one before it");
        }
        previous = found.header.position;
        records.push(found);
      }
      yield records;
    }
    if (comparePositions(previous ?? after, upTo) !== 0) throw this.#damage(previous, "is missing");
  }

  /** The state at a position: the newest snapshot, and what came after it, or after the last restore. */
  async at(position: Position): Promise<StateAt> {
    const start = await this.#fromSnapshot(position);
    const replay = new Replay(start?.image ?? new PagedImage(this.#imageParts));
    let meta = start?.meta ?? { alarm: null, armedRestore: null };
    let { oldestMs = Number.POSITIVE_INFINITY } = start ?? {};
    let { historyBytes = 0 } = start ?? {};
    let replayedBytes = 0;
    const fold = (one: HistoryRecord) => {
      const { header, record } = one;
      replayedBytes += record.length;
      historyBytes += record.length;
      if (!start && header.previousChecksum === NO_POSITION.checksum) oldestMs = timeOf(header);
      meta = metaAfter(meta, one);
      replay.add(one);
    };
    try {
      for (let from: Position | undefined = start?.position ?? NO_POSITION; from; ) {
        const restore = await this.#foldUntilRestore(from, position, fold);
        const last = restore && (await this.#lastRestore(restore, position));
        if (last)
          replay.replace((await this.at(await this.#positionAt(restoreOf(last.one).target, last.one.header.position))).image);
        if (last) meta = { ...meta, ...last.meta };
        historyBytes += last?.bytes ?? 0;
        from = last?.one.header.position;
      }
    } catch (error) {
      replay.finish().close();
      throw error;
    }
    return { image: replay.finish(), meta, oldestMs, historyBytes, replayedBytes };
  }

  /** The first restore after a position that changed something, which ends the folding. */
  async #foldUntilRestore(
    after: Position,
    upTo: Position,
    fold: (one: HistoryRecord) => void,
  ): Promise<HistoryRecord | undefined> {
    for await (const batch of this.#batches(after, upTo, after)) {
      for (const one of batch) {
        if (isRestore(one)) return one;
        fold(one);
      }
    }
    return undefined;
  }

  /** The last restore from one on: what those before it led to is of no matter. And what they all say beside. */
  async #lastRestore(
    first: HistoryRecord,
    upTo: Position,
  ): Promise<{ readonly one: HistoryRecord; readonly meta: Partial<Required<CommitMeta>>; readonly bytes: number }> {
    let last = { one: first, meta: metaAfter({}, first), bytes: first.record.length };
    let { meta, bytes } = last;
    for await (const batch of this.#batches(first.header.position, upTo, first.header.position)) {
      for (const one of batch) {
        meta = metaAfter(meta, one);
        bytes += one.record.length;
        if (isRestore(one)) last = { one, meta, bytes };
      }
    }
    return last;
  }

  /** The newest snapshot at or before a position. One that is damaged, or of other records, is passed over: the log has everything. */
  async #fromSnapshot(
    at: Position,
  ): Promise<(OpeningState & { readonly image: PagedImage; readonly position: Position }) | undefined> {
    for (;;) {
      const snapshot = await this.#log.snapshot(at);
      const state = snapshot && (await readSnapshot(snapshot, this.#imageParts));
      if (state) return { ...state, position: snapshot.position };
      if (!snapshot || !("file" in snapshot)) return undefined;
      snapshot.file.discard(); // there may be an older one
    }
  }

  /** What the last record of an epoch is, or the record with a given sequence, if the bookmark was made from it. */
  async find(bookmark: Bookmark, durable: Position): Promise<Position | undefined> {
    if (bookmark.sequence !== END_OF_EPOCH) {
      const position = await this.#positionIn(bookmark, durable);
      return position && isMadeFrom(bookmark, position) ? position : undefined;
    }
    const opening = { epoch: bookmark.epoch, sequence: 0 };
    let last: Position | undefined;
    for await (const { header } of this.#from(opening, durable)) {
      const { position } = header;
      if (position.epoch !== bookmark.epoch) break;
      if (!last && !(position.sequence === 0 && isMadeFrom(bookmark, position))) break;
      if (header.kind !== RecordKind.PART) last = position;
    }
    return last;
  }

  /** The newest position at or before a time; the first of all if the time is before it. Where the clock was set right in between (T9), times that have
   * not come yet say nothing, and of others the first counts that is later: one that was behind for a while leads nobody astray. */
  async atTime(ms: number, durable: Position): Promise<Position> {
    const now = this.#now();
    let found: Position | undefined;
    let last: Position | undefined;
    let place = await this.#log.placeAt(ms);
    const [first] = place.epoch > 0 ? await firstOf(this.#from(place, durable)) : [];
    if (first?.header.kind === RecordKind.PART) place = NO_POSITION; // its commit may be later than that
    for await (const { header } of place.epoch > 0 ? this.#from(place, durable) : this.records(NO_POSITION, durable)) {
      if (header.kind === RecordKind.PART) continue;
      const { position } = header;
      if (last && position.wallMs > ms && position.wallMs <= now) return found ?? last;
      last = position;
      if (position.wallMs <= ms) found = position;
    }
    return last ?? NO_POSITION;
  }

  /** What each RESTORE record up to a position says. */
  async *restores(upTo: Position): AsyncGenerator<{ readonly position: Position; readonly restore: RestoreBody }> {
    for await (const one of this.records(NO_POSITION, upTo)) {
      if (one.header.kind === RecordKind.RESTORE) yield { position: one.header.position, restore: restoreOf(one) };
    }
  }

  async #positionAt(place: Place, before: Position): Promise<Position> {
    const position = await this.#positionIn(place, before);
    if (position) return position;
    throw this.#damage(place, "was restored and is missing");
  }

  /** The record at a place, if there is one that a state begins with. */
  async #positionIn(place: Place, upTo: Position): Promise<Position | undefined> {
    const [first] = await firstOf(this.#from(place, upTo));
    if (!first) return undefined;
    const { kind, position } = first.header;
    return kind !== RecordKind.PART && comparePositions(position, place) === 0 ? position : undefined;
  }

  #damage(place: Place | undefined, what: string): HoldfastError {
    const where = place ? `after epoch ${place.epoch}, sequence ${place.sequence}` : "at the beginning";
    return new HoldfastError(
      "HOLDFAST_LOG_CORRUPT",
      `The log of object '${this.#objectId}' is damaged: a record ${where} ${what}. Nothing was changed; restore the log from a copy.`,
    );
  }
}

async function firstOf<T>(all: AsyncGenerator<T>): Promise<T[]> {
  for await (const one of all) return [one];
  return [];
}

async function* each<T>(batches: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const batch of batches) yield* batch;
}

/** The earlier of what the clock said and what the history says (T9). */
export function timeOf({ position, rawMs }: RecordHeader): number {
  return Math.min(position.wallMs, rawMs);
}

/** Whether a record made the state another one. */
function isRestore(one: HistoryRecord): boolean {
  return one.header.kind === RecordKind.RESTORE && restoreOf(one).failure === undefined;
}

function metaAfter<T extends CommitMeta>(before: T, { header, record }: HistoryRecord): T {
  return header.flags === 0 ? before : { ...before, ...decodeMeta(header.flags, bodyOf(record)).meta };
}

/** What a RESTORE record says. */
export function restoreOf({ header, record }: HistoryRecord): RestoreBody {
  const body = bodyOf(record);
  return decodeRestore(body.subarray(decodeMeta(header.flags, body).bytes));
}
