/** large-record.ts
 * A large record has a file of its own, beside its object's others. The journal, and later the object's log, keep a stand-in for it:
 *
 *   "HFX1" u32 | folder's owner that wrote the file u32 | number of the copy u32 | 1 if it says the alarm u32 | the alarm f64 (NaN: none) |
 *   the record's header, 76 bytes | checksum of the bytes before it u32
 *
 * The file is written when the record is appended, and durable before the stand-in is written: so nobody holds large records in memory, and whoever
 * reads a stand-in finds the file. Files that no stand-in speaks of are of an owner that died, or of records that were replaced. */
import { comparePositions, type Place, type Position } from "@holdfast/timeline/contract";
import { crc32, HEADER_BYTES, headerOf, type RecordHeader, readHeader, readRecord, recordAlarm } from "@holdfast/timeline/record";
import { damage } from "./damage.js";
import type { FileSystem } from "./file-system.js";

/** "HFX1", little-endian. */
const MAGIC = 0x31584648;
const HEADER_AT = 24;
const STAND_IN_BYTES = HEADER_AT + HEADER_BYTES + 4;

const FILE = /^[0-9a-f]{8}-[0-9a-f]{8}-([0-9a-f]{8})-[0-9a-f]{8}\.record$/;

/** A snapshot that its owner has not finished. */
const UNFINISHED = /^[0-9a-f]{8}-[0-9a-f]{8}-([0-9a-f]{8})\.snapshot\.tmp$/;

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** Who wrote a file: an owner, and if it is another object's record, as which of its copies, from 1: an object that was deleted may become a copy that
 * has the same places. */
export interface WrittenBy {
  readonly owner: number;
  readonly copy: number;
}

/** What stands for a record in a journal or a log. `alarm` is the object's from there on, if the record says so. */
export function standInFor(record: Uint8Array, { owner, copy }: WrittenBy, alarm: number | null | undefined): Uint8Array {
  const bytes = new Uint8Array(STAND_IN_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, owner, true);
  view.setUint32(8, copy, true);
  view.setUint32(12, alarm === undefined ? 0 : 1, true);
  view.setFloat64(16, alarm ?? Number.NaN, true);
  bytes.set(record.subarray(0, HEADER_BYTES), HEADER_AT);
  view.setUint32(STAND_IN_BYTES - 4, crc32(bytes.subarray(0, STAND_IN_BYTES - 4)), true);
  return bytes;
}

/** A record or a stand-in as it is stored. */
export interface Stored {
  readonly header: RecordHeader;
  readonly record: Uint8Array;
}

/** The undamaged record, or stand-in, at an offset. */
export function readStored(bytes: Uint8Array, offset = 0): Stored | undefined {
  if (!isStandIn(bytes, offset)) return readRecord(bytes, offset);
  const record = bytes.subarray(offset, offset + STAND_IN_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, record.length);
  if (record.length < STAND_IN_BYTES) return undefined;
  if (view.getUint32(STAND_IN_BYTES - 4, true) !== crc32(record.subarray(0, STAND_IN_BYTES - 4))) return undefined;
  const header = readHeader(record, HEADER_AT);
  return header && { header, record };
}

export function isStandIn(bytes: Uint8Array, offset = 0): boolean {
  return bytes[offset + 3] === 0x31 && bytes[offset + 2] === 0x58 && bytes[offset + 1] === 0x46 && bytes[offset] === 0x48;
}

/** The header of a record that is stored whole or by its stand-in, if it is undamaged. */
export function storedHeader(stored: Uint8Array): RecordHeader | undefined {
  return readHeader(stored, isStandIn(stored) ? HEADER_AT : 0);
}

/** The same of bytes that were checked before. */
export function headerOfStored(stored: Uint8Array): RecordHeader {
  return headerOf(stored, isStandIn(stored) ? HEADER_AT : 0);
}

/** The same as bytes. */
export function storedHeaderBytes(stored: Uint8Array): Uint8Array {
  const from = isStandIn(stored) ? HEADER_AT : 0;
  return stored.subarray(from, from + HEADER_BYTES);
}

/** The alarm from a record on, if it says so (T22). */
export function storedAlarm(stored: Uint8Array): number | null | undefined {
  if (!isStandIn(stored)) return recordAlarm(stored);
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const alarm = view.getFloat64(16, true);
  if (view.getUint32(12, true) === 0) return undefined;
  return Number.isNaN(alarm) ? null : alarm;
}

/** The name of a record's file. */
export function recordFileName({ epoch, sequence }: Place, { owner, copy }: WrittenBy): string {
  return `${hex(epoch)}-${hex(sequence)}-${hex(owner)}-${hex(copy)}.record`;
}

/** The name of the file that a stand-in speaks of; `undefined` for a record that is stored whole. */
export function fileOfStandIn(stored: Uint8Array): string | undefined {
  const header = isStandIn(stored) ? storedHeader(stored) : undefined;
  const view = new DataView(stored.buffer, stored.byteOffset);
  return header && recordFileName(header.position, { owner: view.getUint32(4, true), copy: view.getUint32(8, true) });
}

/** The record itself. @throws HoldfastError `HOLDFAST_LOG_CORRUPT` if its file is missing or damaged */
export async function wholeRecord(fs: FileSystem, folder: string, stored: Uint8Array): Promise<Uint8Array> {
  const name = fileOfStandIn(stored);
  if (name === undefined) return stored;
  const path = `${folder}/${name}`;
  const bytes = await fs.read(path);
  const found = bytes && readRecord(bytes);
  const isSame = found && Buffer.compare(found.record.subarray(0, HEADER_BYTES), storedHeaderBytes(stored)) === 0;
  if (!isSame) throw damage(path, 0, "it is not the record that the log names");
  return found.record;
}

/** Removes what was written behind the end of a log by an owner that died, before anything is appended to it. */
export async function removeBehind(fs: FileSystem, folder: string, owner: number, head: Position): Promise<void> {
  for (const name of await fs.names(folder)) {
    const unfinished = UNFINISHED.exec(name)?.[1];
    if (unfinished !== undefined && Number.parseInt(unfinished, 16) < owner) await fs.remove(`${folder}/${name}`);
    const by = FILE.exec(name)?.[1];
    if (by === undefined || Number.parseInt(by, 16) > owner) continue;
    const place = { epoch: Number.parseInt(name.slice(0, 8), 16), sequence: Number.parseInt(name.slice(9, 17), 16) };
    if (comparePositions(place, head) > 0) await fs.remove(`${folder}/${name}`);
  }
}

/** Removes the files of an owner and those before it that nobody speaks of. `inUse` is asked after the folder was listed. */
export async function removeUnused(
  fs: FileSystem,
  folder: string,
  owner: number,
  inUse: () => ReadonlySet<string>,
): Promise<void> {
  const names = (await fs.names(folder)).filter((name) => Number.parseInt(FILE.exec(name)?.[1] ?? "ffffffff", 16) <= owner);
  if (names.length === 0) return;
  const used = inUse();
  for (const name of names) if (!used.has(name)) await fs.remove(`${folder}/${name}`);
}
