/** timeline/snapshot.ts
 * A full image as bytes. A cache of the log: one that is damaged, or does not belong to the record at its position, is none (T14).
 *
 *   "HFS1" u32 | pageCount u32 | checksum of the position's record u32 | checksum of the pages u32 | checksum of these 16 bytes u32 | pages */
import { type Image, PAGE_SIZE, type Position } from "@holdfast/core/contract";
import { crc32 } from "#crc32";
import { MemoryImage } from "../image/memory-image.js";
import { copyBytes } from "../record/copy-bytes.js";

/** "HFS1", little-endian. */
const SNAPSHOT_MAGIC = 0x31534648;
const HEADER_BYTES = 20;

export async function* writeSnapshot(image: Image, at: Position): AsyncGenerator<Uint8Array> {
  let checksum = 0;
  for (let page = 1; page <= image.pageCount; page++) checksum = crc32(image.read(page), checksum);
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, SNAPSHOT_MAGIC, true);
  view.setUint32(4, image.pageCount, true);
  view.setUint32(8, at.checksum, true);
  view.setUint32(12, checksum, true);
  view.setUint32(16, crc32(header.subarray(0, HEADER_BYTES - 4)), true);
  yield header;
  for (let page = 1; page <= image.pageCount; page++) yield image.read(page);
}

/** The image, or `undefined` if the bytes are not a whole snapshot of that position. */
export async function readSnapshot(snapshot: {
  readonly position: Position;
  readonly chunks: AsyncIterable<Uint8Array>;
}): Promise<MemoryImage | undefined> {
  const parts: Uint8Array[] = [];
  for await (const chunk of snapshot.chunks) parts.push(chunk);
  const bytes = concat(parts);
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pageCount = view.getUint32(4, true);
  const pages = bytes.subarray(HEADER_BYTES);
  const intact =
    view.getUint32(0, true) === SNAPSHOT_MAGIC &&
    view.getUint32(16, true) === crc32(bytes.subarray(0, HEADER_BYTES - 4)) &&
    view.getUint32(8, true) === snapshot.position.checksum &&
    pages.length === pageCount * PAGE_SIZE &&
    view.getUint32(12, true) === crc32(pages);
  if (!intact) return undefined;
  return new MemoryImage(
    Array.from({ length: pageCount }, (_, i) => copyBytes(pages.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE))),
  );
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
