/** timeline/snapshot.ts
 * A full image as bytes, and what opening the object there needs beside it. A cache of the log: one that is damaged, or does not belong to the
 * record at its position, is none (T14).
 *
 *   "HFS2" u32 | pageCount u32 | checksum of the position's record u32 | checksum of the pages u32 | time of the log's first record f64 |
 *   length of the meta u32 | meta: alarm and armed restore | zeros up to 4 before a multiple of 16 |
 *   checksum of everything so far u32 | pages */
import { type CommitMeta, type Image, PAGE_SIZE, type Position } from "@holdfast/core/contract";
import { crc32 } from "#crc32";
import { MemoryImage } from "../image/memory-image.js";
import { decodeMeta, encodeMeta, metaFlags } from "../record/meta.js";

/** "HFS2", little-endian. */
const SNAPSHOT_MAGIC = 0x32534648;
const FIXED_BYTES = 28;

/** The state of an object at a position, as opening needs it. */
export interface OpeningState {
  readonly image: Image;
  readonly meta: Required<CommitMeta>;
  /** When the oldest record of the log was written, milliseconds since the epoch. */
  readonly oldestMs: number;
}

export async function* writeSnapshot({ image, meta, oldestMs }: OpeningState, at: Position): AsyncGenerator<Uint8Array> {
  let checksum = 0;
  for (let page = 1; page <= image.pageCount; page++) checksum = crc32(image.read(page), checksum);
  const said = encodeMeta(meta);
  const header = new Uint8Array(pagesAfter(said.length));
  const view = new DataView(header.buffer);
  view.setUint32(0, SNAPSHOT_MAGIC, true);
  view.setUint32(4, image.pageCount, true);
  view.setUint32(8, at.checksum, true);
  view.setUint32(12, checksum, true);
  view.setFloat64(16, oldestMs, true);
  view.setUint32(24, said.length, true);
  header.set(said, FIXED_BYTES);
  view.setUint32(header.length - 4, crc32(header.subarray(0, header.length - 4)), true);
  yield header;
  for (let page = 1; page <= image.pageCount; page++) yield image.read(page);
}

/** What a snapshot holds, or `undefined` if the bytes are not a whole snapshot of that position. */
export async function readSnapshot(snapshot: {
  readonly position: Position;
  readonly chunks: AsyncIterable<Uint8Array>;
}): Promise<(OpeningState & { readonly image: MemoryImage }) | undefined> {
  const parts: Uint8Array[] = [];
  for await (const chunk of snapshot.chunks) parts.push(chunk);
  const bytes = concat(parts);
  if (bytes.length < FIXED_BYTES + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pageCount = view.getUint32(4, true);
  const metaBytes = view.getUint32(24, true);
  const pagesAt = pagesAfter(metaBytes);
  if (view.getUint32(0, true) !== SNAPSHOT_MAGIC || bytes.length !== pagesAt + pageCount * PAGE_SIZE) return undefined;
  const pages = bytes.subarray(pagesAt);
  const intact =
    view.getUint32(pagesAt - 4, true) === crc32(bytes.subarray(0, pagesAt - 4)) &&
    view.getUint32(8, true) === snapshot.position.checksum &&
    view.getUint32(12, true) === crc32(pages);
  if (!intact) return undefined;
  const { meta } = decodeMeta(ALL_SAID, bytes.subarray(FIXED_BYTES, FIXED_BYTES + metaBytes));
  const { alarm = null, armedRestore = null } = meta;
  // Pages are replaced, never changed: they may stay where they were read.
  const image = new MemoryImage(Array.from({ length: pageCount }, (_, i) => pages.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE)));
  return { image, meta: { alarm, armedRestore }, oldestMs: view.getFloat64(16, true) };
}

/** Where the pages begin: aligned, for they are used where they lie. */
const pagesAfter = (metaBytes: number): number => Math.ceil((FIXED_BYTES + metaBytes + 4) / 16) * 16;

const ALL_SAID = metaFlags({ alarm: null, armedRestore: null });

function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
