/** packed-group.ts
 * A group of records that is kept packed, with deflate, where that saves something. `docs/format.md` has the byte table.
 *
 *   "HFZ1" u32 | bytes of it packed u32 | bytes unpacked u32 | checksum of the 12 bytes before it and of what follows u32 | deflate-raw stream */
import { promisify } from "node:util";
import { deflateRaw, inflateRaw, inflateRawSync } from "node:zlib";
import { crc32 } from "@holdfast/timeline/record";

/** "HFZ1", little-endian. */
const MAGIC = 0x315a4648;
const HEADER_BYTES = 16;

/** What must be saved: an eighth. */
const WORTH = 7 / 8;
/** So much is tried first: noise shall not be packed whole. */
const SAMPLE_BYTES = 1 << 16;
const LEVEL = 3;

export type Deflate = (bytes: Uint8Array) => Promise<Uint8Array>;

const deflateAside = promisify<Uint8Array, { level: number }, Uint8Array>(deflateRaw);
const inflateAside = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(inflateRaw);

let last: Promise<unknown> = Promise.resolve();

/** In another thread, one at a time: the others are for those who wait for a sync. */
export const deflateInThread: Deflate = (bytes) => {
  const result = last.then(() => deflateAside(bytes, { level: LEVEL }));
  last = result.catch(() => undefined); // told to whoever asked
  return result;
};

/** A group's records as they are to be written; `undefined` if packing them saves too little. */
export async function packGroup(records: Uint8Array, deflate: Deflate, minBytes: number): Promise<Uint8Array | undefined> {
  if (records.length < minBytes) return undefined;
  if (records.length > 2 * SAMPLE_BYTES) {
    const sample = await deflate(records.subarray(0, SAMPLE_BYTES));
    if (sample.length > WORTH * SAMPLE_BYTES) return undefined;
  }
  const packed = await deflate(records);
  if (HEADER_BYTES + packed.length > WORTH * records.length) return undefined;
  const bytes = new Uint8Array(HEADER_BYTES + packed.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, packed.length, true);
  view.setUint32(8, records.length, true);
  bytes.set(packed, HEADER_BYTES);
  view.setUint32(12, checksum(bytes), true);
  return bytes;
}

interface Found {
  readonly packed: Uint8Array;
  readonly unpackedBytes: number;
  /** Where it ends. */
  readonly end: number;
}

/** The undamaged records of a packed group at an offset, and where it ends. */
export function unpackAt(bytes: Uint8Array, offset: number): { readonly records: Uint8Array; readonly end: number } | undefined {
  const found = packedAt(bytes, offset);
  if (!found) return undefined;
  const { packed, unpackedBytes, end } = found;
  return { records: inflateRawSync(packed, { maxOutputLength: unpackedBytes }), end };
}

/** A group's records, whether it is packed or not; unpacked in another thread. `undefined` if it is packed, and damaged. */
export async function unpackGroup(group: Uint8Array): Promise<Uint8Array | undefined> {
  if (!isPacked(group, 0)) return group;
  const found = packedAt(group, 0);
  return found && inflateAside(found.packed, { maxOutputLength: found.unpackedBytes });
}

function packedAt(bytes: Uint8Array, offset: number): Found | undefined {
  if (!isPacked(bytes, offset)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, HEADER_BYTES);
  const end = offset + HEADER_BYTES + view.getUint32(4, true);
  if (end > bytes.length || checksum(bytes.subarray(offset, end)) !== view.getUint32(12, true)) return undefined;
  return { packed: bytes.subarray(offset + HEADER_BYTES, end), unpackedBytes: view.getUint32(8, true), end };
}

function isPacked(bytes: Uint8Array, offset: number): boolean {
  if (offset + HEADER_BYTES > bytes.length) return false;
  return new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0, true) === MAGIC;
}

function checksum(group: Uint8Array): number {
  return crc32(group.subarray(HEADER_BYTES), crc32(group.subarray(0, HEADER_BYTES - 4)));
}
