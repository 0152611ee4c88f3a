/** log-file.ts
 * One file of an object's log: a header, records, and after a clean close a footer. `docs/format.md` has the byte tables.
 *
 * Each opening of the object writes a file of its own, named by its epoch. The header says how many bytes of the files before it count:
 * what an older writer appends later is never read (T18), and a torn tail is never touched again. A file appears whole with its header,
 * so a header that is there and damaged is damage. */
import { HoldfastError, NO_POSITION, type Position } from "@holdfast/timeline/contract";
import {
  crc32,
  HEADER_BYTES as RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  type RecordHeader,
  readRecord,
} from "@holdfast/timeline/record";

/** "HFL1" and "HFE1", little-endian. */
const FILE_MAGIC = 0x314c4648;
const FOOTER_MAGIC = 0x31454648;
const FIXED_BYTES = 20;
const ACCEPTED_BYTES = 12;
export const FOOTER_BYTES = 16;

export const FileFlag = {
  /** The object was deleted: everything before is gone, nothing follows. */
  TOMBSTONE: 1,
  /** Holds the records of several epochs, published as a whole: a fork, or merged records. */
  WHOLE: 2,
  /** Its records are another object's: this one continues after them under an incarnation of its own (T4). */
  FORK: 4,
} as const;

export interface FileHeader {
  readonly flags: number;
  readonly epoch: number;
  /** Oldest epoch whose file this one stands for; equal to `epoch` unless the file is WHOLE. */
  readonly firstEpoch: number;
  /** For each older file since the last one with a header: how many of its bytes count. For the file itself: how many were published. */
  readonly accepted: ReadonlyMap<number, number>;
  readonly objectId: string;
}

export interface ScannedFile {
  readonly header: FileHeader;
  /** Where the first record starts and the last undamaged one ends. */
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  /** Position of the last record, if there is one. */
  readonly last: Position | undefined;
  /** Where the records end that are known to have been durable: at `end`, if the file was closed in order or vouched for; else after the
   * newest record that a later one knew to be durable. */
  readonly durableEnd: number;
}

export function encodeFileHeader(header: FileHeader): Uint8Array {
  const id = new TextEncoder().encode(header.objectId);
  const bytes = new Uint8Array(FIXED_BYTES + header.accepted.size * ACCEPTED_BYTES + 4 + id.length + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FILE_MAGIC, true);
  view.setUint32(4, bytes.length, true);
  view.setUint16(8, header.flags, true);
  view.setUint16(10, header.accepted.size, true);
  view.setUint32(12, header.epoch, true);
  view.setUint32(16, header.firstEpoch, true);
  let at = FIXED_BYTES;
  for (const [epoch, length] of header.accepted) {
    view.setUint32(at, epoch, true);
    view.setBigUint64(at + 4, BigInt(length), true);
    at += ACCEPTED_BYTES;
  }
  view.setUint32(at, id.length, true);
  bytes.set(id, at + 4);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, bytes.length - 4)), true);
  return bytes;
}

/** The header at the start of a file and its length, or `undefined` if it is not there whole. */
function decodeFileHeader(bytes: Uint8Array): { readonly header: FileHeader; readonly length: number } | undefined {
  if (bytes.length < FIXED_BYTES + 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(4, true);
  if (view.getUint32(0, true) !== FILE_MAGIC || length > bytes.length || length < FIXED_BYTES + 8) return undefined;
  if (view.getUint32(length - 4, true) !== crc32(bytes.subarray(0, length - 4))) return undefined;
  const accepted = new Map<number, number>();
  let at = FIXED_BYTES;
  for (let i = view.getUint16(10, true); i > 0; i--) {
    accepted.set(view.getUint32(at, true), Number(view.getBigUint64(at + 4, true)));
    at += ACCEPTED_BYTES;
  }
  const idLength = view.getUint32(at, true);
  const objectId = new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + idLength));
  const [flags, epoch, firstEpoch] = [view.getUint16(8, true), view.getUint32(12, true), view.getUint32(16, true)];
  return { header: { flags, epoch, firstEpoch, accepted, objectId }, length };
}

/** Says that everything before it was durable when the file was closed. */
export function encodeFooter(length: number): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FOOTER_MAGIC, true);
  view.setBigUint64(4, BigInt(length), true);
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true);
  return bytes;
}

/** The length a footer at the very end vouches for. */
function footerLength(bytes: Uint8Array): number | undefined {
  const at = bytes.length - FOOTER_BYTES;
  if (at < 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, FOOTER_BYTES);
  const intact = view.getUint32(0, true) === FOOTER_MAGIC && view.getUint32(12, true) === crc32(bytes.subarray(at, at + 12));
  return intact && Number(view.getBigUint64(4, true)) === at ? at : undefined;
}

/** Finds where a file's records end. `accepted` is the length that is vouched for: by a newer file, or by this process's own knowledge of
 * what was durable when a write failed (T16). `undefined` for an opening that died before its file was published.
 * @throws HoldfastError `HOLDFAST_LOG_CORRUPT`, naming file and offset, for damage that no torn write explains (T6) */
export function scanFile(path: string, bytes: Uint8Array, accepted: number | undefined): ScannedFile | undefined {
  const found = decodeFileHeader(bytes);
  if (!found) {
    if (bytes.length > 0) throw corrupt(path, 0, "the header is damaged");
    return undefined;
  }
  const isWhole = (found.header.flags & FileFlag.WHOLE) !== 0;
  const known = isWhole ? footerLength(bytes) : (accepted ?? footerLength(bytes));
  if (known === undefined && isWhole) throw corrupt(path, bytes.length, "the end is missing");
  if ((known ?? 0) > bytes.length) throw corrupt(path, bytes.length, `${known} bytes were known to be durable`);
  const limited = bytes.subarray(0, known ?? bytes.length);
  let end = found.length;
  let last: RecordHeader | undefined;
  let durable = NO_POSITION as Pick<Position, "epoch" | "sequence">;
  const ends: { readonly position: Position; readonly end: number }[] = [];
  for (let record = readRecord(limited, end); record; record = readRecord(limited, end)) {
    last = record.header;
    end += record.record.length;
    ends.push({ position: last.position, end });
    if (isAfter(last.durable, durable)) durable = last.durable;
  }
  const published = known === undefined ? (found.header.accepted.get(found.header.epoch) ?? 0) : 0;
  if (end < published) throw corrupt(path, end, "a record that was published with the file is damaged");
  if (end < limited.length) {
    if (known !== undefined) throw corrupt(path, end, "a record that was durable is damaged");
    const later = findKnowingRecord(
      bytes,
      end + 1,
      last?.position ?? { ...NO_POSITION, epoch: found.header.epoch, sequence: -1 },
    );
    if (later !== undefined) throw corrupt(path, end, `a record is damaged that the one at byte ${later} knew to be durable`);
  }
  const knownEnd = ends.findLast(({ position }) => !isAfter(position, durable))?.end ?? found.length;
  const durableEnd = known === undefined ? Math.max(published, knownEnd) : end;
  return { header: found.header, start: found.length, end, bytes, last: last?.position, durableEnd };
}

/** The records of a scanned file, in order. */
export function* recordsIn(file: ScannedFile): Generator<{ readonly position: Position; readonly record: Uint8Array }> {
  for (let at = file.start; at < file.end; ) {
    const found = readRecord(file.bytes, at);
    if (!found) throw new Error("a record that was whole at the scan is not");
    yield { position: found.header.position, record: found.record };
    at += found.record.length;
  }
}

/** The offset of the first whole record at or after an offset that continues a log and knew something after `last` to be durable. Without
 * that knowledge it may be of the same batch as the damaged one, and neither was synced. */
function findKnowingRecord(bytes: Uint8Array, from: number, last: Position): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + RECORD_HEADER_BYTES <= bytes.length; at++) {
    if (view.getUint32(at, true) !== RECORD_MAGIC) continue;
    const header = readRecord(bytes, at)?.header;
    const continues = header && (last.incarnation === 0n || header.position.incarnation === last.incarnation);
    if (continues && isAfter(header.position, last) && isAfter(header.durable, last)) return at;
  }
  return undefined;
}

type Place = Pick<Position, "epoch" | "sequence">;
const isAfter = (a: Place, b: Place): boolean => a.epoch > b.epoch || (a.epoch === b.epoch && a.sequence > b.sequence);

function corrupt(path: string, offset: number, what: string): HoldfastError {
  return new HoldfastError(
    "HOLDFAST_LOG_CORRUPT",
    `${path} is damaged at byte ${offset}: ${what}. Nothing was changed; repair the file or restore it from a copy.`,
  );
}
