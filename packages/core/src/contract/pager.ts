/** contract/pager.ts
 * The abstract pager: one database as numbered pages, and the pages one transaction changed.
 *
 * Everything holdfast knows about a database passes through these two shapes. A driver mounts an {@link Image}, and every transaction
 * that SQLite commits comes back as {@link CommitPages}; a timeline stores the commits and can produce the image of any moment.
 *
 * 1. A page is 4096 bytes, in memory, on disk and on the wire. Page numbers start at 1, as in SQLite.
 * 2. A page inside the file (`pageNumber <= pageCount`) that was never written reads as zeros: SQLite grows a file over pages that a
 *    transaction allocated and freed again, and never writes those.
 * 3. Growth in a commit implies zero pages. A page that was cut off and came back within one transaction is listed, as zeros if need be.
 * 4. Bytes are borrowed, and nobody writes into them: what `read` hands out is valid until the next `read` or `apply`, a page of a commit
 *    until the next one is asked for. */

/** Bytes in a page, everywhere. */
export const PAGE_SIZE = 4096;

/** The pages of one database at one position, owned by JavaScript. */
export interface Image {
  /** Pages in the file, including those never written. */
  readonly pageCount: number;
  /** The bytes of a page (rule 4). Synchronous: a timeline resolves an image only when every page is local.
   * @throws RangeError if `pageNumber` is not in `1..pageCount`. */
  read(pageNumber: number): Uint8Array;
  /** Folds one commit into the image. */
  apply(commit: CommitPages): void;
  /** A copy-on-write view of this moment; later `apply` calls on either side do not reach the other. */
  freeze(): Image;
  /** Releases memory or files. The image must not be used afterwards. */
  close(): void;
}

/** What one committed transaction changed. */
export interface CommitPages {
  /** Pages in the file after the commit. */
  readonly pageCount: number;
  /** May be gone through more than once. Each changed page once, in any order, with its bytes after the commit and, where the driver still has them, before it. `previous`
   * makes a small difference record possible; leaving it out is always correct. */
  readonly pages: Iterable<PageChange>;
  readonly meta?: CommitMeta;
}

export interface PageChange {
  readonly pageNumber: number;
  readonly data: Uint8Array;
  readonly previous?: Uint8Array;
}

/** What travels in the commit's record beside the pages, never in a page of the database (T10, T22). An absent field means "unchanged". */
export interface CommitMeta {
  /** The object's alarm after this commit, milliseconds since the epoch; `null` for none. */
  readonly alarm?: number | null;
  /** The bookmark to restore when the next session starts; `null` disarms. */
  readonly armedRestore?: string | null;
}

/** A file that lasts as long as it is open: room for pages that are too many for memory. Synchronous, like {@link Image.read}. */
export interface ScratchFile {
  /** Fills `into` with bytes that were written before. */
  read(offset: number, into: Uint8Array): void;
  write(offset: number, bytes: Uint8Array): void;
  close(): void;
}
