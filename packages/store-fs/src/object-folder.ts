/** object-folder.ts
 * The folder of one object: which files it has, and what they say together.
 *
 *   <root>/objects/<id>/00000001.log 00000002.log …      one for each opening, named by its epoch
 *                       00000002-00000017.snapshot        a full image, named by its position */
import { existsSync, readdirSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError, NO_POSITION, type Position } from "@holdfast/timeline/contract";
import { FileFlag, type ScannedFile, scanFile } from "./log-file.js";

/** Longest encoded id: a folder name on every file system. */
const MAX_NAME_BYTES = 240;

export const epochName = (epoch: number): string => `${epoch.toString(16).padStart(8, "0")}.log`;

/** What an object's files say together. */
export interface FolderState {
  /** Files with records that count, oldest first. */
  readonly files: readonly ScannedFile[];
  readonly head: Position;
  readonly newestEpoch: number;
  /** Lengths accepted of the files since the newest one with a header, itself included: what the next file must vouch for. */
  readonly accepted: ReadonlyMap<number, number>;
}

/** A name that no file system folds into another id's: lower-case letters, digits and `.-_` stand for themselves, every other byte as `%xx`.
 * @throws HoldfastError `HOLDFAST_USAGE` if the id is empty or too long */
export function folderName(objectId: string): string {
  let name = "";
  for (const byte of new TextEncoder().encode(objectId)) {
    const character = String.fromCharCode(byte);
    const plain = /[a-z0-9_-]/.test(character) || (character === "." && name !== "" && name !== ".");
    name += plain ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }
  if (name === "" || name.length > MAX_NAME_BYTES) {
    throw new HoldfastError(
      "HOLDFAST_USAGE",
      `An object id must have 1 to ${MAX_NAME_BYTES} bytes in its folder's name: '${objectId}'.`,
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

/** Epochs that have a file, ascending. */
async function listEpochs(folder: string): Promise<number[]> {
  if (!existsSync(folder)) return [];
  return epochsOf(await readdir(folder));
}

/** Synchronous, because it stands between a sync and its acknowledgement. */
export function newestEpochNow(folder: string): number {
  return epochsOf(readdirSync(folder)).at(-1) ?? 0;
}

function epochsOf(names: readonly string[]): number[] {
  return names
    .filter((name) => /^[0-9a-f]{8}\.log$/.test(name))
    .map((name) => Number.parseInt(name.slice(0, 8), 16))
    .sort((a, b) => a - b);
}

/** Reads every file below an epoch. @throws HoldfastError `HOLDFAST_LOG_CORRUPT` */
export async function readFolder(folder: string, before: number = Number.POSITIVE_INFINITY): Promise<FolderState> {
  const epochs = (await listEpochs(folder)).filter((epoch) => epoch < before);
  const accepted = new Map<number, number>();
  const files: ScannedFile[] = [];
  const since = new Map<number, number>();
  let covered = Number.POSITIVE_INFINITY;
  let deleted = false;
  // Newest first: a file vouches for the ones before it.
  for (const epoch of epochs.reverse()) {
    if (epoch >= covered || deleted) continue;
    const path = join(folder, epochName(epoch));
    const file = scanFile(path, await readBytes(path), accepted.get(epoch));
    if (files.length === 0) since.set(epoch, file?.end ?? 0);
    if (!file) continue;
    for (const [older, length] of file.header.accepted) accepted.set(older, length);
    covered = file.header.firstEpoch;
    deleted = (file.header.flags & FileFlag.TOMBSTONE) !== 0;
    files.unshift(file);
  }
  const head = deleted ? NO_POSITION : (files.findLast((file) => file.last !== undefined)?.last ?? NO_POSITION);
  const newestEpoch = epochs[0] ?? 0;
  return { files, head, newestEpoch, accepted: since };
}

/** A file's bytes, not as a Buffer, whose `slice` would be a view. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const buffer = await readFile(path);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Whether the object exists: it has a file, and the newest with a header is no tombstone. */
export function isPresent(state: FolderState): boolean {
  const newest = state.files.at(-1);
  return newest !== undefined && (newest.header.flags & FileFlag.TOMBSTONE) === 0;
}

/** Makes a folder and makes its entry durable. */
export async function makeFolder(folder: string, parent: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await syncFolder(parent);
}

/** Makes a folder's entries durable. Windows cannot open folders; its file systems log such changes in order. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file whole and durably, under its name only when it is. */
export async function publish(
  folder: string,
  name: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const temporary = join(folder, `${name}.tmp`);
  const handle = await open(temporary, "w");
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(folder, name));
  await syncFolder(folder);
}

export async function removeFiles(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) await unlink(join(folder, name));
  await syncFolder(folder);
}
