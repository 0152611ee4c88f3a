/** timeline/replay.ts
 * Folds records into an image, in order. The parts of a commit count when the commit itself does; without it they never were (T7). */
import type { PagedImage } from "../image/paged-image.js";
import { foldEntries } from "../record/commit-body.js";
import { decodeMeta } from "../record/meta.js";
import { bodyOf, RecordKind } from "../record/record.js";
import type { HistoryRecord } from "./history.js";

export class Replay {
  #image: PagedImage;
  /** What was there before the first part of a commit. */
  #before: PagedImage | undefined;

  /** The image is changed, and belongs to the replay until it is finished. */
  constructor(image: PagedImage) {
    this.#image = image;
  }

  add({ header, record }: HistoryRecord): void {
    const { kind, pageCount, flags } = header;
    if (kind === RecordKind.PART) this.#before ??= this.#image.freeze();
    else if (kind !== RecordKind.COMMIT && kind !== RecordKind.BASE) this.#dropParts();
    if (kind === RecordKind.RESET) this.#image.apply({ pageCount: 0, pages: [] });
    if (kind !== RecordKind.PART && kind !== RecordKind.COMMIT && kind !== RecordKind.BASE) return;
    const body = bodyOf(record);
    // Differences are to what was there before the file grew or was cut off: pages that come back are listed.
    this.#image.resize(pageCount);
    foldEntries(body.subarray(decodeMeta(flags, body).bytes), this.#image);
    if (kind === RecordKind.PART) return;
    this.#before?.close();
    this.#before = undefined;
  }

  /** The state became another one. */
  replace(image: PagedImage): void {
    this.#dropParts();
    this.#image.close();
    this.#image = image;
  }

  finish(): PagedImage {
    this.#dropParts();
    return this.#image;
  }

  #dropParts(): void {
    if (!this.#before) return;
    this.#image.close();
    this.#image = this.#before;
    this.#before = undefined;
  }
}
