/** image/paged-image.ts
 * A database's pages, wherever they are: in memory, in the snapshot they come from, or in a scratch file when they are too many.
 *
 *   page := bytes | slot in the scratch file | IN_SNAPSHOT | never written
 *
 * 1. A frozen view shares the pages at the cost of one array: pages are replaced, never changed, but for those that only this image has.
 * 2. Where there is a scratch file, at most {@link PagedImageParts.memoryPages} pages stay in memory: what is applied beyond goes to the file, and for
 *    one that is to be edited the one leaves that came first. Pages that were fetched again are remembered apart, up to a quarter of that. */
import { type CommitPages, type Image, PAGE_SIZE, type ScratchFile } from "@holdfast/core/contract";
import { copyBytes } from "../record/copy-bytes.js";
import { ScratchPages } from "./scratch-pages.js";

/** Pages that are made at once: one allocation for each page costs more than filling it. */
const SLAB_PAGES = 64;

const ZERO_PAGE = new Uint8Array(PAGE_SIZE);
const IN_SNAPSHOT = -1;

type Page = Uint8Array | number | undefined;

/** Pages in a file that does not change. */
export interface BasePages {
  readonly pageCount: number;
  /** Fills `into` with a page. @throws HoldfastError if the page is damaged */
  read(pageNumber: number, into: Uint8Array): void;
  share(user: object): this;
  close(user: object): void;
}

export interface PagedImageParts {
  /** Where pages go that are too many for memory. */
  readonly scratch?: (() => ScratchFile) | undefined;
  /** Default 6144: 24 MiB. */
  readonly memoryPages?: number;
}

const MEMORY_PAGES = 6144;

export class PagedImage implements Image {
  readonly #parts: PagedImageParts;
  #pages: Page[];
  #base: BasePages | undefined;
  #scratch: ScratchPages | undefined;
  /** Pages in memory that nobody else has. */
  readonly #own = new Set<number>();
  /** How many pages are in memory, and their numbers in the order they came, with some that are not there any more. */
  #inMemory = 0;
  #order: number[] = [];
  #oldest = 0;
  readonly #fetched = new Map<number, Uint8Array>();
  #slab: Uint8Array = new Uint8Array(0);
  #closed = false;

  /** An image in memory; empty if no pages are given. */
  constructor(parts: PagedImageParts = {}, pages: Page[] = []) {
    this.#parts = parts;
    this.#pages = pages;
    for (const [i, page] of pages.entries()) if (typeof page === "object") this.#came(i + 1);
  }

  /** An image whose pages are read when they are needed. The base is the image's from here on. */
  static over(parts: PagedImageParts, open: (user: object) => BasePages): PagedImage {
    const image = new PagedImage(parts);
    image.#base = open(image);
    image.#pages = new Array<Page>(image.#base.pageCount).fill(IN_SNAPSHOT);
    return image;
  }

  get pageCount(): number {
    return this.#pages.length;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  read(pageNumber: number): Uint8Array {
    if (!(pageNumber >= 1 && pageNumber <= this.#pages.length)) throw new RangeError(`there is no page ${pageNumber}`);
    const page = this.#pages[pageNumber - 1];
    if (typeof page === "object") return page;
    return page === undefined ? ZERO_PAGE : this.#fetch(pageNumber, page);
  }

  apply(commit: CommitPages): void {
    this.resize(commit.pageCount);
    for (const { pageNumber, data } of commit.pages) {
      if (pageNumber > commit.pageCount) continue;
      const before = this.#pages[pageNumber - 1];
      if (typeof before !== "object" && this.#isFull) this.#put(pageNumber, before, data);
      else if (typeof before === "object" && this.#own.has(pageNumber)) before.set(data);
      else {
        this.#own.add(pageNumber);
        this.#keep(pageNumber, copyBytes(data));
      }
    }
  }

  /** A page to be changed in place, while a log is folded into the image. One that was never written is zeros. */
  editable(pageNumber: number): Uint8Array {
    const before = this.#pages[pageNumber - 1];
    if (typeof before === "object" && this.#own.has(pageNumber)) return before;
    if (this.#slab.length === 0) this.#slab = new Uint8Array(SLAB_PAGES * PAGE_SIZE);
    const page = this.#slab.subarray(0, PAGE_SIZE);
    this.#slab = this.#slab.subarray(PAGE_SIZE);
    const known = typeof before === "object" ? before : this.#fetched.get(pageNumber);
    if (known) page.set(known);
    else if (before !== undefined) this.#readAt(pageNumber, before as number, page);
    this.#own.add(pageNumber);
    this.#keep(pageNumber, page);
    return page;
  }

  /** Cuts the file off, or grows it by zeros. */
  resize(pageCount: number): void {
    for (let page = this.#pages.length; page > pageCount; page--) {
      this.#left(page, this.#pages[page - 1]);
      this.#own.delete(page);
    }
    this.#pages.length = pageCount;
  }

  freeze(): PagedImage {
    this.#own.clear();
    const view = new PagedImage(this.#parts);
    view.#pages = [...this.#pages];
    view.#base = this.#base?.share(view);
    view.#scratch = this.#scratch?.share(view);
    view.#inMemory = this.#inMemory;
    view.#order = this.#order.slice(this.#oldest);
    return view;
  }

  close(): void {
    this.#closed = true;
    this.#pages = [];
    this.#own.clear();
    this.#fetched.clear();
    this.#order = [];
    this.#base?.close(this);
    this.#scratch?.close(this);
  }

  /** A page that is not in memory. */
  #fetch(pageNumber: number, place: number): Uint8Array {
    const known = this.#fetched.get(pageNumber);
    if (known) return known;
    const page = this.#readAt(pageNumber, place, this.#spareBuffer());
    this.#fetched.set(pageNumber, page);
    return page;
  }

  /** That of the page that was fetched first, once there are many: what was read is borrowed. */
  #spareBuffer(): Uint8Array {
    if (this.#fetched.size < this.#limit / 4) return new Uint8Array(PAGE_SIZE);
    const [first, buffer] = this.#fetched.entries().next().value as [number, Uint8Array];
    this.#fetched.delete(first);
    return buffer;
  }

  #readAt(pageNumber: number, place: number, into: Uint8Array): Uint8Array {
    if (place === IN_SNAPSHOT) this.#base?.read(pageNumber, into);
    else this.#scratch?.read(place, into);
    return into;
  }

  get #limit(): number {
    return this.#parts.memoryPages ?? MEMORY_PAGES;
  }

  #keep(pageNumber: number, bytes: Uint8Array): void {
    const before = this.#pages[pageNumber - 1];
    this.#pages[pageNumber - 1] = bytes;
    if (typeof before === "object") return;
    this.#left(pageNumber, before);
    this.#came(pageNumber);
    if (this.#isFull) this.#spill(pageNumber);
  }

  /** Writes a page to the scratch file that was not in memory. */
  #put(pageNumber: number, before: number | undefined, bytes: Uint8Array): void {
    const slot = this.#toScratch(bytes);
    this.#left(pageNumber, before);
    this.#pages[pageNumber - 1] = slot;
  }

  /** Only where there is one. */
  #toScratch(bytes: Uint8Array): number {
    this.#scratch ??= new ScratchPages((this.#parts.scratch as () => ScratchFile)(), this);
    return this.#scratch.write(bytes);
  }

  get #isFull(): boolean {
    return this.#parts.scratch !== undefined && this.#inMemory >= this.#limit;
  }

  /** A place is not this image's any more. */
  #left(pageNumber: number, place: Page): void {
    if (typeof place === "object") this.#inMemory -= 1;
    if (typeof place !== "number") return;
    if (place !== IN_SNAPSHOT) this.#scratch?.leave(place, this);
    this.#fetched.delete(pageNumber);
  }

  #came(pageNumber: number): void {
    this.#inMemory += 1;
    if (!this.#parts.scratch) return;
    this.#order.push(pageNumber);
    if (this.#order.length < 2 * (this.#inMemory + SLAB_PAGES)) return;
    // Many have gone meanwhile, or went and came again.
    const there = this.#order.slice(this.#oldest).filter((page) => typeof this.#pages[page - 1] === "object");
    this.#order = [...new Set(there)];
    this.#oldest = 0;
  }

  /** Moves the page that came first to the scratch file, but not the one that has just come. */
  #spill(justCame: number): void {
    for (; this.#oldest < this.#order.length; ) {
      const pageNumber = this.#order[this.#oldest++] as number;
      const page = this.#pages[pageNumber - 1];
      if (typeof page !== "object" || pageNumber === justCame) continue;
      this.#pages[pageNumber - 1] = this.#toScratch(page);
      this.#own.delete(pageNumber);
      this.#inMemory -= 1;
      return;
    }
  }
}
