/** Pages that a transaction has written, by number. Those that are too many for memory are in a scratch file, where there is one (T7). */
import { PAGE_SIZE, type ScratchFile } from "@holdfast/core/contract";

/** Pages in memory: 8 MiB. */
const MEMORY_PAGES = 2048;

/** Pages of transactions that have ended, of any database: nearly all have few, and making them anew costs more than filling them. */
const spare: Uint8Array[] = [];
const MOST_SPARE = 64;

export class Overlay {
  readonly #scratch: (() => ScratchFile) | undefined;
  readonly #memoryPages: number;
  /** Bytes, or the slot in the scratch file. */
  readonly #pages = new Map<number, Uint8Array | number>();
  #inMemory = 0;
  readonly #fetched = new Uint8Array(PAGE_SIZE);
  #file: ScratchFile | undefined;
  #slots = 0;

  constructor(scratch: (() => ScratchFile) | undefined, memoryPages: number = MEMORY_PAGES) {
    this.#scratch = scratch;
    this.#memoryPages = memoryPages;
  }

  get size(): number {
    return this.#pages.size;
  }

  has(pageNumber: number): boolean {
    return this.#pages.has(pageNumber);
  }

  numbers(): Iterable<number> {
    return this.#pages.keys();
  }

  /** The bytes of a page, until another is asked for. */
  get(pageNumber: number): Uint8Array | undefined {
    const page = this.#pages.get(pageNumber);
    if (typeof page !== "number") return page;
    this.#file?.read(page * PAGE_SIZE, this.#fetched);
    return this.#fetched;
  }

  /** Keeps a copy of a page. */
  set(pageNumber: number, bytes: Uint8Array): void {
    const before = this.#pages.get(pageNumber);
    if (typeof before === "number") this.#file?.write(before * PAGE_SIZE, bytes);
    else if (before) before.set(bytes);
    else if (!this.#scratch || this.#inMemory < this.#memoryPages) {
      const page = spare.pop() ?? new Uint8Array(PAGE_SIZE);
      page.set(bytes);
      this.#pages.set(pageNumber, page);
      this.#inMemory += 1;
    } else {
      this.#file ??= this.#scratch();
      this.#file.write(this.#slots * PAGE_SIZE, bytes);
      this.#pages.set(pageNumber, this.#slots);
      this.#slots += 1;
    }
  }

  delete(pageNumber: number): void {
    if (typeof this.#pages.get(pageNumber) === "object") this.#inMemory -= 1;
    this.#pages.delete(pageNumber);
  }

  /** Forgets everything, and gives the scratch file back. */
  clear(): void {
    for (const page of this.#pages.values()) {
      if (spare.length >= MOST_SPARE) break;
      if (typeof page === "object") spare.push(page);
    }
    this.#pages.clear();
    this.#inMemory = 0;
    this.#slots = 0;
    this.#file?.close();
    this.#file = undefined;
  }
}
