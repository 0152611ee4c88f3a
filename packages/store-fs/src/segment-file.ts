/** segment-file.ts
 * One file of an object's log: a header, then groups of records, each group with a footer behind it. `docs/format.md` has the byte tables.
 *
 * A group is written at once, packed if that saves something, and the journal keeps its records until it is durable. So the end of a file may be
 * torn, and then the journal still has what is missing; whatever a footer stands behind was durable, and if it is damaged, it is damaged (T6). */
import type { Place, Position } from "@holdfast/timeline/contract";
import { crc32, HEADER_BYTES, type RecordHeader, readHeader, recordMayJump, recordSetsClock } from "@holdfast/timeline/record";
import { damage } from "./damage.js";
import { readStored, type Stored, storedHeaderBytes } from "./large-record.js";
import { unpackAt } from "./packed-group.js";

/** "HFL2" and "HFE3", little-endian. */
const FILE_MAGIC = 0x324c4648;
const FOOTER_MAGIC = 0x33454648;
const FIXED_BYTES = 24;
const LAST_AT = 40;
export const FOOTER_BYTES: number = LAST_AT + HEADER_BYTES + 4;
/** The most that a file's header has: the object's id is at most 240 bytes. */
export const MAX_HEADER_BYTES = 1024;

const STANDS_FOR_OLDER = 1;
const STANDS_FOR_SOME = 2;

/** What a footer counts in. */
const UNIT = 1024;
const SETS_CLOCK = 2 ** 31;
const MOST_UNITS = SETS_CLOCK - 1;

export interface SegmentHeader {
  /** Of the folder's owner that wrote it. */
  readonly epoch: number;
  /** No record of the object's epochs up to this one counts, in any file; 0 for none. */
  readonly floor: number;
  /** How many records at the start are another object's (T4). */
  readonly copied: number;
  /** Files of these owners do not count, those of the first and the last included. */
  readonly standsFor: { readonly first: number; readonly last: number } | undefined;
  readonly objectId: string;
}

export interface SegmentRecord {
  readonly position: Position;
  readonly previousChecksum: number;
  /** Its bytes, or a stand-in for them. */
  readonly record: Uint8Array;
  /** Another object's. */
  readonly isCopied: boolean;
  /** Its place need not be the one after the record before it: a part of a state that stands for many records. */
  readonly mayJump: boolean;
  /** Time may be earlier behind it than before it. */
  readonly setsClock: boolean;
}

export interface ScannedSegment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly records: readonly SegmentRecord[];
  /** The first byte that is neither record nor footer, if there is one, and whether a footer behind it says that it was durable. */
  readonly bad: { readonly offset: number; readonly wasDurable: boolean } | undefined;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const id = new TextEncoder().encode(header.objectId);
  const { epoch, standsFor } = header;
  const isForAll = standsFor?.first === 0 && standsFor.last === epoch - 1;
  const some = isForAll ? undefined : standsFor;
  const bytes = new Uint8Array(FIXED_BYTES + id.length + (some ? 8 : 0) + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FILE_MAGIC, true);
  view.setUint16(4, bytes.length, true);
  view.setUint16(6, isForAll ? STANDS_FOR_OLDER : some ? STANDS_FOR_SOME : 0, true);
  view.setUint32(8, epoch, true);
  view.setUint32(12, header.floor, true);
  view.setUint32(16, header.copied, true);
  view.setUint32(20, id.length, true);
  bytes.set(id, FIXED_BYTES);
  if (some) {
    view.setUint32(FIXED_BYTES + id.length, some.first, true);
    view.setUint32(FIXED_BYTES + id.length + 4, some.last, true);
  }
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, bytes.length - 4)), true);
  return bytes;
}

/** `undefined` if the bytes do not start with a whole header. */
export function decodeSegmentHeader(bytes: Uint8Array): { readonly header: SegmentHeader; readonly length: number } | undefined {
  if (bytes.length < FIXED_BYTES + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint16(4, true);
  if (view.getUint32(0, true) !== FILE_MAGIC || length > bytes.length || length < FIXED_BYTES + 4) return undefined;
  if (view.getUint32(length - 4, true) !== crc32(bytes.subarray(0, length - 4))) return undefined;
  const idEnd = FIXED_BYTES + view.getUint32(20, true);
  const objectId = new TextDecoder().decode(bytes.subarray(FIXED_BYTES, idEnd));
  const flags = view.getUint16(6, true);
  const epoch = view.getUint32(8, true);
  let standsFor: SegmentHeader["standsFor"];
  if (flags & STANDS_FOR_OLDER) standsFor = { first: 0, last: epoch - 1 };
  else if (flags & STANDS_FOR_SOME) standsFor = { first: view.getUint32(idEnd, true), last: view.getUint32(idEnd + 4, true) };
  const header = {
    epoch,
    floor: view.getUint32(12, true),
    copied: view.getUint32(16, true),
    standsFor,
    objectId,
  };
  return { header, length };
}

/** What stands behind a group. */
export interface Footer {
  /** How long the file is up to there. */
  readonly length: number;
  /** The object's alarm there. */
  readonly alarm: number | null;
  /** How much longer the file would be up to there if nothing in it were packed, at least; a multiple of 1024. */
  readonly savedBytes: number;
  /** Time goes back in the group. */
  readonly setsClock: boolean;
  /** Where the group begins. */
  readonly start: number;
  /** Of its first record. */
  readonly first: Place;
  /** Its last record; `undefined` for a group without records, and where it is another object's. */
  readonly last: Position | undefined;
}

/** The footer of a group of records. */
export function encodeFooter(
  { length, start, alarm, savedBytes }: Pick<Footer, "length" | "start" | "alarm" | "savedBytes">,
  records: readonly SegmentRecord[],
): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES);
  const view = new DataView(bytes.buffer);
  const first = records[0]?.position;
  const last = records.at(-1);
  view.setUint32(0, FOOTER_MAGIC, true);
  const setsClock = records.some((record) => record.setsClock);
  view.setUint32(4, Math.min(Math.floor(savedBytes / UNIT), MOST_UNITS) + (setsClock ? SETS_CLOCK : 0), true);
  view.setBigUint64(8, BigInt(length), true);
  view.setFloat64(16, alarm ?? Number.NaN, true);
  view.setBigUint64(24, BigInt(start), true);
  view.setUint32(32, first?.epoch ?? 0, true);
  view.setUint32(36, first?.sequence ?? 0, true);
  if (last && !last.isCopied) bytes.set(storedHeaderBytes(last.record), LAST_AT);
  view.setUint32(FOOTER_BYTES - 4, crc32(bytes.subarray(0, FOOTER_BYTES - 4)), true);
  return bytes;
}

/** The footer at the very end of some bytes, which need not be the whole file. */
export function footerAtEnd(bytes: Uint8Array): Footer | undefined {
  return readFooter(bytes, bytes.length - FOOTER_BYTES);
}

function readFooter(bytes: Uint8Array, offset: number): Footer | undefined {
  if (offset < 0 || offset + FOOTER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FOOTER_BYTES);
  if (view.getUint32(0, true) !== FOOTER_MAGIC) return undefined;
  if (view.getUint32(FOOTER_BYTES - 4, true) !== crc32(bytes.subarray(offset, offset + FOOTER_BYTES - 4))) return undefined;
  const alarm = view.getFloat64(16, true);
  const units = view.getUint32(4, true);
  return {
    length: Number(view.getBigUint64(8, true)),
    alarm: Number.isNaN(alarm) ? null : alarm,
    savedBytes: (units % SETS_CLOCK) * UNIT,
    setsClock: units >= SETS_CLOCK,
    start: Number(view.getBigUint64(24, true)),
    first: { epoch: view.getUint32(32, true), sequence: view.getUint32(36, true) },
    last: readHeader(bytes, offset + LAST_AT)?.position,
  };
}

/** Reads a file. `known` is the length that is known to be durable, and all that counts, where a write has failed (T16).
 * @throws HoldfastError `HOLDFAST_LOG_CORRUPT` for a damaged header: files appear whole with theirs */
export function scanSegment(path: string, all: Uint8Array, known: number | undefined): ScannedSegment {
  const bytes = all.subarray(0, known);
  const found = decodeSegmentHeader(bytes);
  if (!found) throw damage(path, 0, "the header is damaged");
  const records: SegmentRecord[] = [];
  const add = ({ header, record }: Stored) => records.push(segmentRecord(header, record, records.length < found.header.copied));
  let at = found.length;
  for (; at < bytes.length; ) {
    const one = readStored(bytes, at);
    const packed = one ? undefined : unpackAt(bytes, at);
    const group = packed && storedIn(packed.records);
    if (one) {
      add(one);
      at += one.record.length;
    } else if (packed && group) {
      for (const stored of group) add(stored);
      at = packed.end;
    } else if (readFooter(bytes, at)?.length === at) at += FOOTER_BYTES;
    else break;
  }
  const bad = at < bytes.length ? { offset: at, wasDurable: isBehind(bytes, at) } : undefined;
  return { path, header: found.header, records, bad };
}

export function segmentRecord(header: RecordHeader, record: Uint8Array, isCopied: boolean): SegmentRecord {
  const { position, previousChecksum } = header;
  return { position, previousChecksum, record, isCopied, mayJump: recordMayJump(header), setsClock: recordSetsClock(header) };
}

/** The records of a group that is not packed, `undefined` if one of them is damaged. */
export function scanGroup(bytes: Uint8Array): SegmentRecord[] | undefined {
  return storedIn(bytes)?.map(({ header, record }) => segmentRecord(header, record, false));
}

function storedIn(bytes: Uint8Array): Stored[] | undefined {
  const all: Stored[] = [];
  for (let at = 0; at < bytes.length; ) {
    const one = readStored(bytes, at);
    if (!one) return undefined;
    all.push(one);
    at += one.record.length;
  }
  return all;
}

/** Whether a footer stands behind a place. */
function isBehind(bytes: Uint8Array, place: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = place + 1; at + FOOTER_BYTES <= bytes.length; at++) {
    if (view.getUint32(at, true) === FOOTER_MAGIC && readFooter(bytes, at)?.length === at) return true;
  }
  return false;
}
