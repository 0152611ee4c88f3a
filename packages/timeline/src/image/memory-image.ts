/** image/memory-image.ts
 * A database's pages in memory. A frozen view shares them at the cost of one array: pages are replaced, never changed, but for those that
 * only this image has. */
import { type CommitPages, type Image, PAGE_SIZE } from "@holdfast/core/contract";
import { copyBytes } from "../record/copy-bytes.js";

/** Pages that are made at once: one allocation for each page costs more than filling it. */
const SLAB_PAGES = 64;

const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

export class MemoryImage implements Image {
  /** Holes are pages never written. */
  #pages: (Uint8Array | undefined)[];
  /** Pages that nobody else has. */
  #own: Set<number> = new Set();
  #slab: Uint8Array = new Uint8Array(0);

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
    this.resize(commit.pageCount);
    for (const { pageNumber, data } of commit.pages) {
      if (pageNumber <= commit.pageCount) this.#pages[pageNumber - 1] = copyBytes(data);
      this.#own.delete(pageNumber);
    }
  }

  /** A page to be changed in place, while a log is folded into the image. One that was never written is zeros. */
  editable(pageNumber: number): Uint8Array {
    const before = this.#pages[pageNumber - 1];
    if (before && this.#own.has(pageNumber)) return before;
    if (this.#slab.length === 0) this.#slab = new Uint8Array(SLAB_PAGES * PAGE_SIZE);
    const page = this.#slab.subarray(0, PAGE_SIZE);
    this.#slab = this.#slab.subarray(PAGE_SIZE);
    if (before) page.set(before);
    this.#pages[pageNumber - 1] = page;
    this.#own.add(pageNumber);
    return page;
  }

  /** Cuts the file off, or grows it by zeros. */
  resize(pageCount: number): void {
    for (let page = this.#pages.length; page > pageCount; page--) this.#own.delete(page);
    this.#pages.length = pageCount;
  }

  freeze(): MemoryImage {
    this.#own.clear();
    return new MemoryImage([...this.#pages]);
  }

  close(): void {
    this.#pages = [];
    this.#own.clear();
  }
}
