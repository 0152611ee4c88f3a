/** page-file.ts
 * One database file as SQLite sees it: an image, and over it the pages of the transaction that is being written.
 *
 *   xWrite, xTruncate ──▶ overlay          FCNTL_SYNC ──▶ prepare(): may veto          FCNTL_COMMIT_PHASETWO ──▶ commit(): hand over, fold
 *
 * 1. Until `commit` the image is untouched. A transaction that rolls back writes its old pages over the overlay and leaves it equal to
 *    the image; it never reaches `commit`.
 * 2. A page in the file that was never written reads as zeros, and growing the file writes none.
 * 3. A page that was cut off and is inside the file again at the commit is handed over, as zeros unless it was written: the image
 *    still has its old bytes. */
import { type CommitPages, type Image, PAGE_SIZE, type PageChange, type ScratchFile } from "@holdfast/core/contract";
import { Overlay } from "./overlay.js";

const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

export interface PageFileParts {
  readonly image: Image;
  /** Where pages of a transaction go that are too many for memory. */
  readonly scratch?: (() => ScratchFile) | undefined;
  beforeCommit(pageCount: number, changedPages: number): "ok" | "full";
  onCommit(commit: CommitPages): unknown;
}

export class PageFile {
  readonly #parts: PageFileParts;
  readonly #overlay: Overlay;
  /** Set by the first write or truncation of a transaction. */
  #pageCount: number | undefined;
  /** Pages of the image above this were cut off in this transaction. */
  #kept = Number.POSITIVE_INFINITY;

  constructor(parts: PageFileParts) {
    this.#parts = parts;
    this.#overlay = new Overlay(parts.scratch);
  }

  get pageCount(): number {
    return this.#pageCount ?? this.#parts.image.pageCount;
  }

  /** The bytes of a page inside the file; borrowed. */
  read(pageNumber: number): Uint8Array {
    return this.#overlay.get(pageNumber) ?? this.#before(pageNumber) ?? ZERO_PAGE;
  }

  /** Keeps a copy of a page. */
  write(pageNumber: number, bytes: Uint8Array): void {
    this.#overlay.set(pageNumber, bytes);
    this.#pageCount = Math.max(this.pageCount, pageNumber);
  }

  truncate(pageCount: number): void {
    for (const pageNumber of this.#overlay.numbers()) if (pageNumber > pageCount) this.#overlay.delete(pageNumber);
    this.#kept = Math.min(this.#kept, pageCount);
    this.#pageCount = pageCount;
  }

  /** Whether the transaction may commit. */
  prepare(): "ok" | "full" {
    if (!this.#isChanged()) return "ok";
    if (this.#parts.beforeCommit(this.pageCount, this.#overlay.size) === "ok") return "ok";
    this.#dropUnchanged(); // an earlier transaction that was rolled back may have left many
    return this.#isChanged() ? this.#parts.beforeCommit(this.pageCount, this.#overlay.size) : "ok";
  }

  /** Forgets the pages that are as the image has them. */
  #dropUnchanged(): void {
    for (const pageNumber of [...this.#overlay.numbers()]) {
      const before = this.#before(pageNumber);
      const now = this.#overlay.get(pageNumber) as Uint8Array;
      if (before?.every((byte, i) => byte === now[i])) this.#overlay.delete(pageNumber);
    }
  }

  /** Hands the transaction's pages over and folds them into the image. @throws what the receiver throws; the file is then unusable */
  commit(): void {
    if (!this.#isChanged()) return;
    const { pageCount } = this;
    this.#parts.onCommit({ pageCount, pages: { [Symbol.iterator]: () => this.#changes(true) } });
    this.#parts.image.apply({ pageCount, pages: { [Symbol.iterator]: () => this.#changes(false) } });
    this.#overlay.clear();
    this.#pageCount = undefined;
    this.#kept = Number.POSITIVE_INFINITY;
  }

  close(): void {
    this.#overlay.clear();
    this.#parts.image.close();
  }

  #isChanged(): boolean {
    return this.#overlay.size > 0 || this.pageCount !== this.#parts.image.pageCount;
  }

  /** One page at a time: all of them may not fit in memory. */
  *#changes(withPrevious: boolean): Generator<PageChange> {
    const last = Math.min(this.pageCount, this.#parts.image.pageCount); // before it is changed
    for (const pageNumber of this.#overlay.numbers()) {
      yield this.#change(pageNumber, this.#overlay.get(pageNumber) as Uint8Array, withPrevious);
    }
    for (let pageNumber = Math.min(this.#kept, last) + 1; pageNumber <= last; pageNumber++) {
      if (!this.#overlay.has(pageNumber)) yield this.#change(pageNumber, ZERO_PAGE, withPrevious);
    }
  }

  #change(pageNumber: number, data: Uint8Array, withPrevious: boolean): PageChange {
    const previous = withPrevious ? this.#old(pageNumber) : undefined;
    return previous ? { pageNumber, data, previous } : { pageNumber, data };
  }

  /** A page of the image, unless this transaction cut it off. */
  #before(pageNumber: number): Uint8Array | undefined {
    return pageNumber <= this.#kept ? this.#old(pageNumber) : undefined;
  }

  #old(pageNumber: number): Uint8Array | undefined {
    return pageNumber <= this.#parts.image.pageCount ? this.#parts.image.read(pageNumber) : undefined;
  }
}
