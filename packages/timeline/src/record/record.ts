/** record/record.ts
 * The frame of every record: 76 bytes of header, then a body. `docs/format.md` has the byte table.
 *
 * 1. Header and body have checksums of their own; the header's covers the body's, so it stands for the whole record (T5).
 * 2. The header carries the checksum of the record before: a missing or foreign record shows.
 * 3. It also carries the position that was known to be durable when it was encoded: what lies at or below it cannot be a torn tail (T6).
 * 4. The version is in the magic number. */
import type { Position } from "@holdfast/core/contract";
import { crc32 } from "#crc32";

export const HEADER_BYTES = 76;

/** "HFR1", little-endian. */
export const RECORD_MAGIC = 0x31524648;

export const RecordKind = {
  /** A writer opened the object: sequence 0 of its epoch. */
  OPEN: 1,
  /** Pages changed, or only the meta. */
  COMMIT: 2,
  /** The whole state at a position, in place of everything up to it (T15). Claims the checksum of the record that stood there. */
  BASE: 3,
  /** The state became that of an earlier position, or an attempt at that failed. */
  RESTORE: 4,
  /** The state became that of an empty database. */
  RESET: 5,
  /** Pages of a commit that is too large for one record: it counts when the COMMIT that follows does (T7). */
  PART: 6,
  /** The clock was more than five minutes behind what the history says: time goes on from what it says now (T9). */
  CLOCK: 7,
} as const;

export interface RecordHeader {
  readonly kind: number;
  /** What the body's meta block says; see `meta.ts`. */
  readonly flags: number;
  readonly position: Position;
  /** Pages in the file after this record. */
  readonly pageCount: number;
  /** The clock's own reading; the position's `wallMs` never goes backwards. */
  readonly rawMs: number;
  /** Epoch and sequence known to be durable at encoding. */
  readonly durable: { readonly epoch: number; readonly sequence: number };
  /** Checksum of the record before, 0 for the first. */
  readonly previousChecksum: number;
  readonly bodyBytes: number;
}

export type NewRecord = Omit<RecordHeader, "position" | "bodyBytes"> & { readonly position: Omit<Position, "checksum"> };

/** Puts header and body together. `checksum` is the position's last part. */
export function encodeRecord(header: NewRecord, body: Uint8Array): { readonly bytes: Uint8Array; readonly checksum: number } {
  const bytes = zeros(HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { position } = header;
  view.setUint32(0, RECORD_MAGIC, true);
  view.setUint32(4, body.length, true);
  view.setUint8(8, header.kind);
  view.setUint8(9, header.flags);
  view.setUint32(12, position.epoch, true);
  view.setUint32(16, position.sequence, true);
  view.setUint32(20, header.pageCount, true);
  view.setBigUint64(24, BigInt(position.txid), true);
  view.setBigUint64(32, position.incarnation, true);
  view.setFloat64(40, position.wallMs, true);
  view.setFloat64(48, header.rawMs, true);
  view.setUint32(56, header.durable.epoch, true);
  view.setUint32(60, header.durable.sequence, true);
  view.setUint32(64, header.previousChecksum, true);
  view.setUint32(68, crc32(body), true);
  const checksum = crc32(bytes.subarray(0, HEADER_BYTES - 4));
  view.setUint32(72, checksum, true);
  bytes.set(body, HEADER_BYTES);
  return { bytes, checksum };
}

/** What small records are cut from: one allocation for each costs more than filling it. */
let slab: Uint8Array = new Uint8Array(0);
const SLAB_BYTES = 1 << 16;
const LARGEST_IN_SLAB = 1 << 12;

function zeros(count: number): Uint8Array {
  if (count > LARGEST_IN_SLAB) return new Uint8Array(count);
  if (count > slab.length) slab = new Uint8Array(SLAB_BYTES);
  const bytes = slab.subarray(0, count);
  slab = slab.subarray(count);
  return bytes;
}

/** A BASE record: the body is that of a commit with every page of the state at `position`, whose checksum it claims, but for those in the parts
 * before it. */
export function encodeBase(
  position: Position,
  header: Pick<RecordHeader, "flags" | "pageCount" | "rawMs" | "previousChecksum">,
  body: Uint8Array,
): Uint8Array {
  const durable = { epoch: position.checksum, sequence: 0 }; // it is durable when it can be read: the place is the claim's
  return encodeRecord({ ...header, kind: RecordKind.BASE, position, durable }, body).bytes;
}

/** The header at `offset`, or `undefined` if there is no undamaged one. The body is not looked at. */
export function readHeader(bytes: Uint8Array, offset = 0): RecordHeader | undefined {
  if (offset + HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, HEADER_BYTES);
  if (view.getUint32(0, true) !== RECORD_MAGIC) return undefined;
  if (crc32(bytes.subarray(offset, offset + HEADER_BYTES - 4)) !== view.getUint32(72, true)) return undefined;
  return headerIn(view);
}

/** A record whose bytes were checked when they were read. */
export function readChecked(record: Uint8Array): { header: RecordHeader; record: Uint8Array } {
  return { header: headerOf(record), record };
}

/** The header at `offset` of bytes that were checked before. */
export function headerOf(bytes: Uint8Array, offset = 0): RecordHeader {
  return headerIn(new DataView(bytes.buffer, bytes.byteOffset + offset, HEADER_BYTES));
}

/** A record's flags, of bytes that were checked before. */
export function flagsOf(record: Uint8Array): number {
  return record[9] as number;
}

function headerIn(view: DataView): RecordHeader {
  const checksum = view.getUint32(72, true);
  const kind = view.getUint8(8);
  const isBase = kind === RecordKind.BASE;
  return {
    kind,
    flags: view.getUint8(9),
    position: {
      incarnation: view.getBigUint64(32, true),
      epoch: view.getUint32(12, true),
      sequence: view.getUint32(16, true),
      txid: Number(view.getBigUint64(24, true)),
      checksum: isBase ? view.getUint32(56, true) : checksum,
      wallMs: view.getFloat64(40, true),
    },
    pageCount: view.getUint32(20, true),
    rawMs: view.getFloat64(48, true),
    durable: isBase ? { epoch: 0, sequence: 0 } : { epoch: view.getUint32(56, true), sequence: view.getUint32(60, true) },
    previousChecksum: view.getUint32(64, true),
    bodyBytes: view.getUint32(4, true),
  };
}

/** The undamaged record at `offset`: its header and all its bytes, or `undefined`. */
export function readRecord(bytes: Uint8Array, offset = 0): { header: RecordHeader; record: Uint8Array } | undefined {
  const header = readHeader(bytes, offset);
  if (!header) return undefined;
  const end = offset + HEADER_BYTES + header.bodyBytes;
  if (end > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, HEADER_BYTES);
  if (crc32(bytes.subarray(offset + HEADER_BYTES, end)) !== view.getUint32(68, true)) return undefined;
  return { header, record: bytes.subarray(offset, end) };
}

/** A record's body. */
export function bodyOf(record: Uint8Array): Uint8Array {
  return record.subarray(HEADER_BYTES);
}
