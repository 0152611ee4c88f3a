/** timeline/snapshot.ts
 * A full image as bytes, and what opening the object there needs beside it. A cache of the log: one that is damaged, or does not belong to the
 * record at its position, is none (T14).
 *
 *   pages | checksum of each page u32 | meta: alarm and armed restore |
 *   "HFS3" u32 | pages u32 | checksum of the position's record u32 | length of the meta u32 | time of the log's first record f64 |
 *   bytes of the log's records f64 | checksum of the pages' checksums and of the meta u32 | checksum of the 36 bytes before it u32
 *
 * So one that is in a file can be opened by its end; a page is checked when it is read. */
import { type CommitMeta, HoldfastError, type Image, PAGE_SIZE, type Position } from "@holdfast/core/contract";
import { crc32 } from "#crc32";
import type { SnapshotFile, StoredSnapshot } from "../contract.js";
import { type BasePages, PagedImage, type PagedImageParts } from "../image/paged-image.js";
import { decodeMeta, encodeMeta, metaFlags } from "../record/meta.js";

/** "HFS3", little-endian. */
const SNAPSHOT_MAGIC = 0x33534648;
const END_BYTES = 40;

/** Pages that are written at once. */
const CHUNK_PAGES = 256;
/** Smaller ones are read, and checked, whole. */
const WHOLE_BYTES = 1 << 20;

/** The state of an object at a position, as opening needs it. */
export interface OpeningState {
  readonly image: Image;
  readonly meta: Required<CommitMeta>;
  /** When the oldest record of the log was written, milliseconds since the epoch. */
  readonly oldestMs: number;
  /** Of the log's records up to there; perhaps more than there are, if some have expired since. */
  readonly historyBytes: number;
}

export async function* writeSnapshot(
  { image, meta, oldestMs, historyBytes }: OpeningState,
  at: Position,
): AsyncGenerator<Uint8Array> {
  const { pageCount } = image;
  const said = encodeMeta(meta);
  const rest = new Uint8Array(4 * pageCount + said.length);
  const checksums = new DataView(rest.buffer);
  for (let first = 0; first < pageCount; first += CHUNK_PAGES) {
    const count = Math.min(CHUNK_PAGES, pageCount - first);
    const chunk = new Uint8Array(count * PAGE_SIZE);
    for (let i = 0; i < count; i++) {
      const page = image.read(first + i + 1);
      chunk.set(page, i * PAGE_SIZE);
      checksums.setUint32(4 * (first + i), crc32(page), true);
    }
    yield chunk;
  }
  rest.set(said, 4 * pageCount);
  yield rest;
  const end = new Uint8Array(END_BYTES);
  const view = new DataView(end.buffer);
  view.setUint32(0, SNAPSHOT_MAGIC, true);
  view.setUint32(4, pageCount, true);
  view.setUint32(8, at.checksum, true);
  view.setUint32(12, said.length, true);
  view.setFloat64(16, oldestMs, true);
  view.setFloat64(24, historyBytes, true);
  view.setUint32(32, crc32(rest), true);
  view.setUint32(36, crc32(end.subarray(0, 36)), true);
  yield end;
}

/** What a snapshot holds, or `undefined` if the bytes are not a whole snapshot of that position. Pages of a large one are checked when they are
 * read: one that is damaged then throws `HOLDFAST_STORE_FAILED`, and the snapshot is not offered again. */
export async function readSnapshot(
  snapshot: StoredSnapshot,
  parts: PagedImageParts,
): Promise<(OpeningState & { readonly image: PagedImage }) | undefined> {
  const { position } = snapshot;
  if ("chunks" in snapshot) return readWhole(await concat(snapshot.chunks), position, parts);
  const { file } = snapshot;
  if (file.bytes <= WHOLE_BYTES) {
    const bytes = new Uint8Array(file.bytes);
    const read = file.read(0, bytes);
    file.close();
    return readWhole(bytes.subarray(0, read), position, parts);
  }
  const part = (offset: number, length: number) => {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, file.read(offset, bytes));
  };
  const found = readEnd({ bytes: file.bytes, part }, position);
  if (!found) file.close();
  return found && { ...found, image: PagedImage.over(parts, (user) => new SnapshotPages(file, found.checksums, user)) };
}

type End = Omit<OpeningState, "image"> & { readonly checksums: DataView };

/** Bytes to be read here and there. */
interface Parts {
  readonly bytes: number;
  /** At most `length` bytes from an offset. */
  part(offset: number, length: number): Uint8Array;
}

/** Whatever stands behind the pages. */
function readEnd({ bytes, part }: Parts, at: Position): End | undefined {
  if (bytes < END_BYTES) return undefined;
  const end = part(bytes - END_BYTES, END_BYTES);
  if (end.length < END_BYTES) return undefined;
  const view = new DataView(end.buffer, end.byteOffset, END_BYTES);
  if (view.getUint32(0, true) !== SNAPSHOT_MAGIC || view.getUint32(36, true) !== crc32(end.subarray(0, 36))) return undefined;
  const pageCount = view.getUint32(4, true);
  const restBytes = 4 * pageCount + view.getUint32(12, true);
  const restAt = pageCount * PAGE_SIZE;
  if (view.getUint32(8, true) !== at.checksum || bytes !== restAt + restBytes + END_BYTES) return undefined;
  const rest = part(restAt, restBytes);
  if (rest.length < restBytes || view.getUint32(32, true) !== crc32(rest)) return undefined;
  const { meta } = decodeMeta(ALL_SAID, rest.subarray(4 * pageCount));
  const { alarm = null, armedRestore = null } = meta;
  const checksums = new DataView(rest.buffer, rest.byteOffset, 4 * pageCount);
  return {
    meta: { alarm, armedRestore },
    oldestMs: view.getFloat64(16, true),
    historyBytes: view.getFloat64(24, true),
    checksums,
  };
}

function readWhole(bytes: Uint8Array, at: Position, parts: PagedImageParts) {
  const part = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  const found = readEnd({ bytes: bytes.length, part }, at);
  if (!found) return undefined;
  const { checksums } = found;
  // Pages are replaced, never changed: they may stay where they were read.
  const pages = Array.from({ length: checksums.byteLength / 4 }, (_, i) => part(i * PAGE_SIZE, PAGE_SIZE));
  if (pages.some((page, i) => crc32(page) !== checksums.getUint32(4 * i, true))) return undefined;
  return { ...found, image: new PagedImage(parts, pages) };
}

/** The pages of a snapshot in a file, for as long as an image or a view of it is in use. */
class SnapshotPages implements BasePages {
  readonly #file: SnapshotFile;
  readonly #checksums: DataView;
  readonly #users = new Set<object>();

  constructor(file: SnapshotFile, checksums: DataView, user: object) {
    this.#file = file;
    this.#checksums = checksums;
    this.#users.add(user);
  }

  get pageCount(): number {
    return this.#checksums.byteLength / 4;
  }

  read(pageNumber: number, into: Uint8Array): void {
    const read = this.#file.read((pageNumber - 1) * PAGE_SIZE, into);
    if (read === PAGE_SIZE && crc32(into) === this.#checksums.getUint32(4 * (pageNumber - 1), true)) return;
    this.#file.discard();
    const what = `Page ${pageNumber} of a snapshot is damaged. The snapshot was put aside; open the object again: the log has everything.`;
    throw new HoldfastError("HOLDFAST_STORE_FAILED", what);
  }

  share(user: object): this {
    this.#users.add(user);
    return this;
  }

  close(user: object): void {
    if (this.#users.delete(user) && this.#users.size === 0) this.#file.close();
  }
}

const ALL_SAID = metaFlags({ alarm: null, armedRestore: null });

async function concat(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  if (parts.length === 1) return parts[0] as Uint8Array;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
