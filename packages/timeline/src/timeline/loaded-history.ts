/** timeline/loaded-history.ts
 * Records in memory, to be looked at several times: what a restore needs to know of them. They begin with the log. */
import type { Position } from "@holdfast/core/contract";
import { comparePositions } from "../contract.js";
import { MemoryImage } from "../image/memory-image.js";
import { decodeMeta } from "../record/meta.js";
import { bodyOf, RecordKind } from "../record/record.js";
import { type Bookmark, END_OF_EPOCH, isMadeFrom } from "./bookmark.js";
import { apply, type HistoryRecord, restoreOf } from "./history.js";

export class LoadedHistory {
  readonly #records: readonly HistoryRecord[];
  readonly #missing: (place: Position) => Error;

  /** `missing` makes the error for a position that is not among the records. */
  constructor(records: readonly HistoryRecord[], missing: (place: Position) => Error) {
    this.#records = records;
    this.#missing = missing;
  }

  /** What a bookmark stands for: the record with its sequence, or the last of its epoch, if it was made from it. */
  find(bookmark: Bookmark): Position | undefined {
    const epoch = this.#records.filter(({ header }) => header.position.epoch === bookmark.epoch);
    if (bookmark.sequence === END_OF_EPOCH) {
      const opening = epoch[0]?.header.position;
      return opening?.sequence === 0 && isMadeFrom(bookmark, opening) ? epoch.at(-1)?.header.position : undefined;
    }
    const position = epoch.find(({ header }) => header.position.sequence === bookmark.sequence)?.header.position;
    return position && isMadeFrom(bookmark, position) ? position : undefined;
  }

  /** The alarm in the state at a position: each record that changed it says so. */
  alarmAt(at: Position): number | null {
    for (let i = this.#indexOf(at); i >= 0; i--) {
      const { header, record } = this.#records[i] as HistoryRecord;
      const { alarm } = decodeMeta(header.flags, bodyOf(record)).meta;
      if (alarm !== undefined) return alarm;
    }
    return null;
  }

  /** The database at a position. `snapshot` is an image at or before it that may be changed.
   * @throws HoldfastError `HOLDFAST_LOG_CORRUPT` for a restore whose target is missing */
  image(at: Position, snapshot?: { readonly image: MemoryImage; readonly position: Position }): MemoryImage {
    const end = this.#indexOf(at);
    let from = snapshot ? this.#indexOf(snapshot.position) + 1 : 0;
    let image = snapshot?.image ?? new MemoryImage();
    for (let i = end; i >= from; i--) {
      const one = this.#records[i] as HistoryRecord;
      const restore = one.header.kind === RecordKind.RESTORE ? restoreOf(one) : undefined;
      if (!restore || restore.failure !== undefined) continue;
      const target = this.#records[this.#indexOf({ ...at, ...restore.target })] as HistoryRecord;
      image = this.image(target.header.position);
      from = i + 1;
    }
    for (let i = from; i <= end; i++) apply(image, this.#records[i] as HistoryRecord);
    return image;
  }

  /** @throws what `missing` makes if there is no record at a position */
  #indexOf(position: Position): number {
    const records = this.#records;
    let low = 0;
    let high = records.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = comparePositions((records[middle] as HistoryRecord).header.position, position);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    throw this.#missing(position);
  }
}
