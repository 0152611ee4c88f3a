/** move-records.ts
 * Moves what the journal has of an object to a file of the object's own, durably.
 *
 * 1. The first time, this owner makes a file of its own; later it appends to it. Files of older owners are never written to (T18), but small ones become
 *    part of the new one (`older-files.ts`).
 * 2. A deletion, and a copy into an object that had been there, make a new file that stands for all older ones.
 * 3. What the journal still has, deletions too, is written to it even if an older owner had moved it already: that may be in the page cache only, and a sync that
 *    failed before succeeds the second time, whatever is on the disk (T16). Files may overlap. */
import { comparePositions, NO_POSITION } from "@holdfast/timeline/contract";
import { type FileSystem, publish } from "./file-system.js";
import { grouped, type Packing, type Reached } from "./grouped-records.js";
import type { Entry } from "./journal-file.js";
import { fileOfStandIn, headerOfStored, removeUnused } from "./large-record.js";
import { readLast } from "./object-end.js";
import { alarmOf, floorOf, type KnownLengths, ownerOf, readObject, segmentName, segmentsAmong } from "./object-state.js";
import { withOlder } from "./older-files.js";
import { encodeSegmentHeader, type SegmentRecord, segmentRecord } from "./segment-file.js";
import type { OwnFile, StoredObject } from "./stored-object.js";

export interface MoveParts {
  readonly fs: FileSystem;
  /** Of the folder's owner. */
  readonly epoch: number;
  readonly known: KnownLengths;
  /** Logs of up to so many bytes are read whole. */
  readonly wholeBytes: number;
  readonly packing: Packing;
  /** Small files of older owners are merged into larger ones of up to so many bytes. */
  readonly mergedBytes: number;
  /** @throws HoldfastError if somebody else owns the folder */
  check(): void;
}

/** What an object's own file is to hold. */
export interface WholeFile {
  readonly floor: number;
  /** As in the file's header. */
  readonly standsFor: { readonly first: number; readonly last: number } | undefined;
  readonly records: readonly SegmentRecord[];
  /** The alarm in front of the records, where they do not say it themselves. */
  readonly alarmBefore: number | null;
  /** What is not in any file of the object's and will be. */
  waiting(): readonly Entry[];
}

/** Moves the entries up to a ticket. */
export async function moveRecords(parts: MoveParts, object: StoredObject, upTo: number): Promise<void> {
  const count = object.pending.findLastIndex(({ ticket }) => ticket <= upTo) + 1;
  if (count === 0) return;
  const entries = object.pending.slice(0, count).map(({ entry }) => entry);
  const before = object.own ?? (await stateInFiles(parts, object, entries));
  const deletion = entries.findLastIndex(({ kind }) => kind === "deleted");
  const last = entries[deletion];
  const deleted = last?.kind === "deleted" && last.floor > before.floor ? last : undefined;
  const floor = deleted?.floor ?? before.floor;
  const head = deleted ? NO_POSITION : before.head;
  const records = entries.slice(deletion + 1).flatMap((entry): SegmentRecord[] => {
    if (!("record" in entry)) return [];
    const header = headerOfStored(entry.record);
    const { position } = header;
    const counts = (entry.kind === "copied" || position.epoch > floor) && comparePositions(position, head) > 0;
    return counts ? [segmentRecord(header, entry.record, entry.kind === "copied")] : [];
  });
  const mustReplace = deleted !== undefined || (object.own !== undefined && records.some(({ isCopied }) => isCopied));
  if (mustReplace || (!object.own && (records.length > 0 || last))) {
    const alarmBefore = deleted && object.own ? null : before.alarm;
    const waiting = () => object.entries.slice(count);
    const all = { first: 0, last: parts.epoch - 1 };
    const alone = { floor, standsFor: mustReplace ? all : undefined, records, alarmBefore, waiting };
    await writeOwnFile(parts, object, mustReplace ? alone : ((await withOlder(parts, object, alone)) ?? alone));
    if (deleted) await removeSnapshots(parts, object, deleted.floor);
  } else if (object.own && records.length > 0) {
    object.own = await appendTo(parts, object, object.own, records);
  }
  object.pending.splice(0, count);
}

/** Makes the object's own file anew; files that it stands for are removed. */
export async function writeOwnFile(
  { fs, epoch, check, packing }: MoveParts,
  object: StoredObject,
  { floor, standsFor, records, alarmBefore, waiting }: WholeFile,
): Promise<void> {
  const { objectId, folder } = object;
  object.own = undefined; // until it is known to be there
  const firstOwn = records.findIndex(({ isCopied }) => !isCopied);
  const copied = firstOwn < 0 ? records.length : firstOwn;
  const header = encodeSegmentHeader({ epoch, floor, copied, standsFor, objectId });
  await fs.makeFolder(folder);
  await fs.syncFolder(folder.slice(0, folder.lastIndexOf("/"))); // whoever made it may have died before that
  const name = segmentName(epoch);
  let reached: Reached = { length: header.length, alarm: alarmBefore, savedBytes: 0 };
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield header;
    reached = yield* grouped(records, reached, packing);
  };
  await publish(fs, { folder, name }, chunks(), check);
  object.own = { ...reached, head: records.at(-1)?.position ?? NO_POSITION, floor };
  if (!standsFor) return;
  check(); // what is removed may be the next owner's to read
  const older = segmentsAmong(await fs.names(folder));
  const isReplaced = (owner: number) => owner >= standsFor.first && owner <= standsFor.last;
  for (const other of older) if (isReplaced(ownerOf(other))) await fs.remove(`${folder}/${other}`);
  if (standsFor.first === 0) await removeUnused(fs, folder, epoch, () => namesIn([...records, ...waiting()]));
  await fs.syncFolder(folder);
}

/** The files that stand-ins speak of. */
function namesIn(stored: readonly object[]): Set<string> {
  const names = stored.map((one) => ("record" in one ? fileOfStandIn(one.record as Uint8Array) : undefined));
  return new Set(names.filter((name) => name !== undefined));
}

/** Images of a deleted object. */
async function removeSnapshots({ fs }: MoveParts, { folder }: StoredObject, floor: number): Promise<void> {
  for (const name of await fs.names(folder)) {
    if (name.endsWith(".snapshot") && Number.parseInt(name.slice(0, 8), 16) <= floor) await fs.remove(`${folder}/${name}`);
  }
}

async function appendTo(
  { fs, epoch, packing }: MoveParts,
  { folder }: StoredObject,
  own: OwnFile,
  records: readonly SegmentRecord[],
): Promise<OwnFile> {
  const { chunks, reached } = await collected(grouped(records, own, packing));
  const bytes = Buffer.concat(chunks);
  const file = await fs.open(`${folder}/${segmentName(epoch)}`);
  try {
    await file.write(bytes, own.length);
    await file.datasync();
  } finally {
    await file.close();
  }
  return { ...reached, head: records.at(-1)?.position ?? own.head, floor: own.floor };
}

async function collected(groups: AsyncGenerator<Uint8Array, Reached>): Promise<{ chunks: Uint8Array[]; reached: Reached }> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await groups.next();
    if (done) return { chunks, reached: value };
    chunks.push(value);
  }
}

/** What an object is like before entries, and its alarm after them, where there is no file of its own yet. The entries may have what a file's torn
 * end has not. */
async function stateInFiles(
  { fs, known, wholeBytes }: MoveParts,
  { folder }: StoredObject,
  entries: readonly Entry[],
): Promise<Pick<OwnFile, "floor" | "head" | "alarm">> {
  const last = await readLast({ fs, folder, pending: entries, known, wholeBytes });
  if (last) return { ...last, head: NO_POSITION };
  const { records } = await readObject(fs, folder, entries, known);
  return { floor: await floorOf(fs, folder, known), head: NO_POSITION, alarm: alarmOf(records) };
}
