/** object-folder.ts
 * The folder of one object: which files it has, and what they say together.
 *
 *   <root>/objects/<id>/00000001.log 00000002.log …      one for each opening, named by its epoch
 *                       00000002-00000017.snapshot        a full image, named by its position
 *
 * 1. The newest file that has a header vouches for the ones before it, and only the newest one's word on each counts: an opening that
 *    stalls and goes on after a newer one has opened changes nothing.
 * 2. Below a tombstone nothing counts. */
import { existsSync, readdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError, NO_POSITION, type Position } from "@holdfast/timeline/contract";
import { readBytes } from "./files.js";
import { FileFlag, recordsIn, type ScannedFile, scanFile } from "./log-file.js";

/** Longest encoded id: a folder name on every file system. */
const MAX_NAME_BYTES = 240;

export const epochName = (epoch: number): string => `${epoch.toString(16).padStart(8, "0")}.log`;

/** What an object's files say together. */
export interface FolderState {
  /** Files with records that count, oldest first. */
  readonly files: readonly ScannedFile[];
  readonly head: Position;
  /** The newest file's name, also if it has no header. */
  readonly newestEpoch: number;
  /** What the next file must vouch for: durable lengths of the files since the newest one with a header, itself included. */
  readonly accepted: ReadonlyMap<number, number>;
  /** Records behind those lengths. They may have been acknowledged, so the next file must hold them. */
  readonly carried: readonly Uint8Array[];
  /** Whether the last record is another object's (T4). */
  readonly isFork: boolean;
}

/** Lengths that this process knows to have been durable when a write failed, by epoch (T16). */
export type KnownLengths = ReadonlyMap<number, number>;

/** A name that no file system folds into another id's: lower-case letters, digits and `.-_` stand for themselves, every other byte as `%xx`.
 * @throws HoldfastError `HOLDFAST_USAGE` if the id is empty, too long, or not well-formed text */
export function folderName(objectId: string): string {
  let name = "";
  for (const byte of new TextEncoder().encode(objectId)) {
    const character = String.fromCharCode(byte);
    const plain = /[a-z0-9_-]/.test(character) || (character === "." && name !== "" && name !== ".");
    name += plain ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }
  if (name === "" || name.length > MAX_NAME_BYTES || /\p{Surrogate}/u.test(objectId)) {
    throw new HoldfastError(
      "HOLDFAST_USAGE",
      `An object id must be well-formed text of 1 to ${MAX_NAME_BYTES} bytes in its folder's name: '${objectId}'.`,
    );
  }
  return name;
}

export function idFromFolderName(name: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < name.length; at++) {
    if (name[at] === "%") {
      bytes.push(Number.parseInt(name.slice(at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(name.charCodeAt(at));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** Synchronous, because it stands between a sync and its acknowledgement. */
export function newestEpochNow(folder: string): number {
  return epochsOf(readdirSync(folder)).at(-1) ?? 0;
}

/** Epochs among file names, ascending. */
function epochsOf(names: readonly string[]): number[] {
  return names
    .filter((name) => /^[0-9a-f]{8}\.log$/.test(name))
    .map((name) => Number.parseInt(name.slice(0, 8), 16))
    .sort((a, b) => a - b);
}

/** Reads every file below an epoch. A folder that is not there is an object without records.
 * @throws HoldfastError `HOLDFAST_LOG_CORRUPT` */
export async function readFolder(
  folder: string,
  known: KnownLengths,
  before: number = Number.POSITIVE_INFINITY,
): Promise<FolderState> {
  for (let attempt = 1; ; attempt++) {
    const all = existsSync(folder) ? epochsOf(await readdir(folder)) : [];
    const epochs = all.filter((epoch) => epoch < before);
    // An opening that a newer one has overtaken may see half of a deletion; it is refused at its first flush.
    const isOvertaken = (all.at(-1) ?? 0) > before;
    try {
      return await readFiles(folder, epochs, known, isOvertaken);
    } catch (error) {
      // A file that is gone was replaced or deleted meanwhile, and what stands for it is there now; unless it stays away.
      if (error instanceof MissingFile ? attempt === ATTEMPTS : (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

const ATTEMPTS = 5;

/** A file that a newer one vouches for is not there. */
class MissingFile extends HoldfastError {
  constructor(path: string) {
    super(
      "HOLDFAST_LOG_CORRUPT",
      `${path} is missing, and a newer file counts on it. Nothing was changed; restore it from a copy.`,
    );
  }
}

async function readFiles(
  folder: string,
  epochs: readonly number[],
  known: KnownLengths,
  isOvertaken: boolean,
): Promise<FolderState> {
  const vouched = new Map<number, number>();
  const accepted = new Map<number, number>();
  const files: ScannedFile[] = [];
  let covered = Number.POSITIVE_INFINITY;
  let isDeleted = false;
  for (const epoch of [...epochs].reverse()) {
    if (epoch >= covered || vouched.get(epoch) === 0) continue;
    const path = join(folder, epochName(epoch));
    const file = scanFile(path, await readBytes(path), vouched.get(epoch) ?? known.get(epoch));
    if (files.length === 0) accepted.set(epoch, file?.durableEnd ?? 0);
    if (!file) continue;
    for (const [older, length] of file.header.accepted) if (!vouched.has(older)) vouched.set(older, length);
    covered = file.header.firstEpoch;
    files.unshift(file);
    isDeleted = (file.header.flags & FileFlag.TOMBSTONE) !== 0;
    if (isDeleted) break;
  }
  if (!isDeleted && !isOvertaken) {
    const isThere = (epoch: number) =>
      epochs.includes(epoch) || files.some(({ header }) => epoch >= header.firstEpoch && epoch < header.epoch);
    for (const [epoch, length] of vouched)
      if (length > 0 && !isThere(epoch)) throw new MissingFile(join(folder, epochName(epoch)));
  }
  const newest = files.at(-1);
  const withRecords = files.findLast((file) => file.last !== undefined);
  return {
    files,
    head: withRecords?.last ?? NO_POSITION,
    newestEpoch: epochs.at(-1) ?? 0,
    accepted,
    carried: newest ? recordsBehind(newest, newest.durableEnd) : [],
    isFork: ((withRecords?.header.flags ?? 0) & FileFlag.FORK) !== 0,
  };
}

/** Whether the object exists: it has a file, and the newest with a header is no tombstone. */
export function isPresent(state: FolderState): boolean {
  const newest = state.files.at(-1);
  return newest !== undefined && (newest.header.flags & FileFlag.TOMBSTONE) === 0;
}

function recordsBehind(file: ScannedFile, offset: number): Uint8Array[] {
  const records: Uint8Array[] = [];
  let at = file.start;
  for (const { record } of recordsIn(file)) {
    if (at >= offset) records.push(record);
    at += record.length;
  }
  return records;
}
