/** image/memory-image.ts
 * A database's pages in memory. Pages are replaced, never changed, so a frozen view shares them at the cost of one array. */
import { type CommitPages, type Image, PAGE_SIZE } from "@holdfast/core/contract";
import { copyBytes } from "../record/copy-bytes.js";

const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

export class MemoryImage implements Image {
  /** Holes are pages never written. */
  #pages: (Uint8Array | undefined)[];

  constructor(pages: (Uint8Array | undefined)[] = []) {
    this.#pages = pages;
  }

  get pageCount(): number {
    return this.#pages.length;
  }

  read(pageNumber: number): Uint8Array {
    if (!(pageNumber >= 1 && pageNumber <= this.#pages.length)) throw new RangeError(`there is no page ${pageNumber}`);
    return this.#pages[pageNumber - 1] ?? ZERO_PAGE;
  }

  apply(commit: CommitPages): void {
    this.#pages.length = commit.pageCount;
    for (const { pageNumber, data } of commit.pages) {
      if (pageNumber <= commit.pageCount) this.#pages[pageNumber - 1] = copyBytes(data);
    }
  }

  freeze(): MemoryImage {
    return new MemoryImage([...this.#pages]);
  }

  close(): void {
    this.#pages = [];
  }
}
