/** epoch-file.ts
 * Who owns the folder, and which journals count (T18).
 *
 *   epoch-00000002     empty: the fence of an owner that is still at it, or died at it
 *                      with content: the journals of older owners, and how much of each counts
 *
 * Only the newest file with content counts. A journal of an older owner that it does not list is never read; those of the file's own
 * owner count as far as they go. */
import { crc32 } from "@holdfast/timeline/record";
import { damage } from "./damage.js";

/** "HFP1", little-endian. */
const MAGIC = 0x31504648;
const FIXED_BYTES = 16;
const ENTRY_BYTES = 16;

export interface JournalName {
  /** Of the owner that wrote it. */
  readonly epoch: number;
  /** From 1. */
  readonly number: number;
}

export interface AcceptedJournal extends JournalName {
  /** Bytes that count. */
  readonly length: number;
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

export const epochName = (epoch: number): string => `epoch-${hex(epoch)}`;
export const journalName = ({ epoch, number }: JournalName): string => `journal-${hex(epoch)}-${hex(number)}`;

/** Epochs among the names in a folder, ascending. */
export function epochsAmong(names: readonly string[]): number[] {
  return names
    .filter((name) => /^epoch-[0-9a-f]{8}$/.test(name))
    .map((name) => Number.parseInt(name.slice(6), 16))
    .sort((a, b) => a - b);
}

/** Journals among the names in a folder, in the order they were written. */
export function journalsAmong(names: readonly string[]): JournalName[] {
  return names
    .filter((name) => /^journal-[0-9a-f]{8}-[0-9a-f]{8}$/.test(name))
    .map((name) => ({ epoch: Number.parseInt(name.slice(8, 16), 16), number: Number.parseInt(name.slice(17), 16) }))
    .sort((a, b) => a.epoch - b.epoch || a.number - b.number);
}

export function encodeEpochFile(epoch: number, accepted: readonly AcceptedJournal[]): Uint8Array {
  const bytes = new Uint8Array(FIXED_BYTES + accepted.length * ENTRY_BYTES + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, bytes.length, true);
  view.setUint32(8, epoch, true);
  view.setUint32(12, accepted.length, true);
  for (const [i, { epoch: of, number, length }] of accepted.entries()) {
    const at = FIXED_BYTES + i * ENTRY_BYTES;
    view.setUint32(at, of, true);
    view.setUint32(at + 4, number, true);
    view.setBigUint64(at + 8, BigInt(length), true);
  }
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, bytes.length - 4)), true);
  return bytes;
}

/** The journals that a file accepts; `undefined` for one without content. @throws HoldfastError `HOLDFAST_LOG_CORRUPT` */
export function decodeEpochFile(path: string, bytes: Uint8Array, epoch: number): AcceptedJournal[] | undefined {
  if (bytes.length === 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const intact =
    bytes.length >= FIXED_BYTES + 4 &&
    view.getUint32(0, true) === MAGIC &&
    view.getUint32(4, true) === bytes.length &&
    view.getUint32(8, true) === epoch &&
    view.getUint32(bytes.length - 4, true) === crc32(bytes.subarray(0, bytes.length - 4));
  if (!intact) throw damage(path, 0, "it does not say what it was published with");
  return Array.from({ length: view.getUint32(12, true) }, (_, i) => {
    const at = FIXED_BYTES + i * ENTRY_BYTES;
    return {
      epoch: view.getUint32(at, true),
      number: view.getUint32(at + 4, true),
      length: Number(view.getBigUint64(at + 8, true)),
    };
  });
}
