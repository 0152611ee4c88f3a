/** wal-tail.ts
 * Reads what SQLite has added to its write-ahead log: the pages of each transaction that was committed since the last look.
 *
 * The connection holds its file exclusively and checkpoints only when told to, so the log changes by nobody else's hand.
 *
 * 1. A frame counts if its salts are the log's and its checksum continues the chain; behind a transaction that was rolled back there may
 *    be frames of it that a shorter one did not overwrite.
 * 2. Frames become a transaction with the one that names the database's size. Those behind the last such frame are read again next time:
 *    SQLite may still rewrite them.
 * 3. Pages of a large transaction stay in the log, and are read again when they are asked for. */
import { closeSync, openSync, readSync } from "node:fs";
import { PAGE_SIZE } from "@holdfast/core/contract";

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_SIZE;
const BUFFER_FRAMES = 64;
const MAGIC = 0x377f0682;
/** Pages of one transaction that are kept in memory: 4 MiB. */
const MEMORY_PAGES = 1024;

export interface WalTransaction {
  readonly pageCount: number;
  /** The last version of each page inside the file. To be gone through before the next transaction is asked for, as often as need be; the bytes are
   * borrowed until the next page. */
  pages(): Iterable<readonly [pageNumber: number, data: Uint8Array]>;
}

interface Chain {
  readonly a: number;
  readonly b: number;
}

export class WalTail {
  readonly #buffer = new Uint8Array(BUFFER_FRAMES * FRAME_BYTES);
  readonly #descriptor: number;
  /** Where the next transaction begins; 0 before the log's header was read. */
  #offset = 0;
  #chain: Chain = { a: 0, b: 0 };
  #salts: readonly [number, number] = [0, 0];
  #littleEndian = true;

  /** The log must be there: by its descriptor it stays ours, whatever becomes of its name. */
  constructor(path: string) {
    this.#descriptor = openSync(path, "r");
  }

  /** Bytes of the log that have been read. */
  get offset(): number {
    return this.#offset;
  }

  /** To be called after a checkpoint that emptied the log. */
  reset(): void {
    this.#offset = 0;
  }

  /** Transactions committed since the last call, oldest first. */
  *transactions(): Generator<WalTransaction, void> {
    // Until something is committed, a rollback gives the log another header.
    if (this.#offset <= HEADER_BYTES && !this.#readHeader()) return;
    let pages = new Map<number, Uint8Array | number>();
    let at = this.#offset;
    let chain = this.#chain;
    for (let start = 0, filled = 0; ; start += FRAME_BYTES) {
      if (start + FRAME_BYTES > filled) {
        filled = readSync(this.#descriptor, this.#buffer, 0, this.#buffer.length, at);
        start = 0;
        if (filled < FRAME_BYTES) return;
      }
      const frame = this.#buffer.subarray(start, start + FRAME_BYTES);
      const view = new DataView(frame.buffer, frame.byteOffset, FRAME_BYTES);
      if (view.getUint32(8) !== this.#salts[0] || view.getUint32(12) !== this.#salts[1]) return;
      chain = checksum(
        frame.subarray(FRAME_HEADER_BYTES),
        checksum(frame.subarray(0, 8), chain, this.#littleEndian),
        this.#littleEndian,
      );
      if (view.getUint32(16) !== chain.a || view.getUint32(20) !== chain.b) return;
      at += FRAME_BYTES;
      const pageNumber = view.getUint32(0);
      const isKept = pages.size < MEMORY_PAGES || typeof pages.get(pageNumber) === "object";
      pages.set(pageNumber, isKept ? frame.slice(FRAME_HEADER_BYTES) : at - PAGE_SIZE);
      const pageCount = view.getUint32(4);
      if (pageCount === 0) continue;
      this.#offset = at;
      this.#chain = chain;
      const changed = pages;
      yield { pageCount, pages: () => this.#pagesOf(changed, pageCount) };
      pages = new Map();
    }
  }

  *#pagesOf(pages: ReadonlyMap<number, Uint8Array | number>, pageCount: number): Generator<readonly [number, Uint8Array]> {
    const read = new Uint8Array(PAGE_SIZE);
    for (const [pageNumber, page] of pages) {
      if (pageNumber > pageCount) continue; // it was cut off again
      if (typeof page === "number" && readSync(this.#descriptor, read, 0, PAGE_SIZE, page) < PAGE_SIZE)
        throw new Error(`page ${pageNumber} has gone from SQLite's log`);
      yield [pageNumber, typeof page === "number" ? read : page];
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #readHeader(): boolean {
    const header = new Uint8Array(HEADER_BYTES);
    if (readSync(this.#descriptor, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return false; // nothing was written yet
    const view = new DataView(header.buffer);
    if ((view.getUint32(0) & ~1) >>> 0 !== MAGIC) return false;
    this.#littleEndian = (view.getUint32(0) & 1) === 0;
    this.#salts = [view.getUint32(16), view.getUint32(20)];
    this.#chain = { a: view.getUint32(24), b: view.getUint32(28) };
    this.#offset = HEADER_BYTES;
    return true;
  }
}

/** The log's running checksum over a multiple of eight bytes. */
function checksum(bytes: Uint8Array, { a, b }: Chain, littleEndian: boolean): Chain {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let s0 = a | 0;
  let s1 = b | 0;
  for (let i = 0; i < bytes.byteLength; i += 8) {
    s0 = (s0 + view.getInt32(i, littleEndian) + s1) | 0;
    s1 = (s1 + view.getInt32(i + 4, littleEndian) + s0) | 0;
  }
  return { a: s0 >>> 0, b: s1 >>> 0 };
}
