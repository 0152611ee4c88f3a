/** object-end.ts
 * The end of a long log, without reading all of it: each footer says where its group begins, and what its last record is.
 *
 * Whoever is told `undefined` reads the object whole: it is short, it was deleted or forked, a write has failed, or something is not as it
 * should be, which is told there (T6). What is not read is not checked; `holdfast check` reads everything. */
import { comparePositions, type Place, type Position } from "@holdfast/timeline/contract";
import type { FileSystem } from "./file-system.js";
import type { Entry } from "./journal-file.js";
import { storedHeader } from "./large-record.js";
import { follows, type KnownLengths, Standing, segmentsAmong } from "./object-state.js";
import { unpackGroup } from "./packed-group.js";
import {
  decodeSegmentHeader,
  FOOTER_BYTES,
  type Footer,
  footerAtEnd,
  MAX_HEADER_BYTES,
  type SegmentHeader,
  type SegmentRecord,
  scanGroup,
  segmentRecord,
} from "./segment-file.js";

export interface ObjectFiles {
  readonly fs: FileSystem;
  readonly folder: string;
  /** What the journals have. */
  readonly pending: readonly Entry[];
  readonly known: KnownLengths;
  /** Logs of up to so many bytes are read whole. */
  readonly wholeBytes: number;
}

export interface ObjectEnd {
  readonly head: Position;
  readonly floor: number;
  readonly isFork: false;
}

interface File {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly headerBytes: number;
  readonly footer: Footer;
}

/** The head of the log. */
export async function readEnd(object: ObjectFiles): Promise<ObjectEnd | undefined> {
  const files = await filesOf(object);
  const inFiles = files && headOf(files);
  const journal = recordsOf(object.pending);
  if (!inFiles || !journal) return undefined;
  const floor = floorOf(files);
  const added = chain(inFiles, journal);
  return added && inFiles.epoch > floor ? { head: added.at(-1)?.position ?? inFiles, floor, isFork: false } : undefined;
}

/** What the files say of an object beside its records, if all that the journals have comes after them. */
export async function readLast(
  object: ObjectFiles,
): Promise<{ readonly floor: number; readonly alarm: number | null } | undefined> {
  const files = await filesOf(object);
  const inFiles = files && headOf(files);
  const journal = recordsOf(object.pending);
  if (!inFiles || !journal || journal.some(({ position }) => comparePositions(position, inFiles) <= 0)) return undefined;
  const newest = files.findLast(({ footer }) => footer.last && comparePositions(footer.last, inFiles) === 0) as File;
  return { floor: floorOf(files), alarm: newest.footer.alarm };
}

/** The records from a place on, and perhaps some before it, a group at a time. `readWhole` is asked for them where they cannot be read like that. */
export async function* recordsFrom(
  object: ObjectFiles,
  place: Place,
  readWhole: () => Promise<readonly SegmentRecord[]>,
): AsyncGenerator<readonly SegmentRecord[]> {
  let reached: Position | undefined;
  try {
    const groups = await groupsFrom(object, place);
    if (groups) {
      for await (const group of groups) {
        reached = group.at(-1)?.position ?? reached;
        yield group;
      }
      return;
    }
  } catch (error) {
    if (!(error instanceof NotAsExpected)) throw error;
  }
  const all = await readWhole();
  const head = reached;
  yield head ? all.filter(({ position }) => comparePositions(position, head) > 0) : all;
}

/** The same, if they can be read like that. @throws {@link NotAsExpected} */
async function groupsFrom(object: ObjectFiles, place: Place): Promise<AsyncGenerator<SegmentRecord[]> | undefined> {
  const files = await filesOf(object);
  const journal = recordsOf(object.pending);
  if (!files || !journal) return undefined;
  const floor = floorOf(files);
  const groups: Group[] = [];
  for (const file of files) {
    for (const footer of footersFrom(object.fs, file, place)) {
      if (footer.first.epoch <= floor) return undefined; // of what was deleted
      groups.push({ path: file.path, ...footer });
    }
  }
  return readGroups(object.fs, groups, journal, place);
}

/** As `LogReader.placeAt`, if the files tell. */
export async function placeAt(object: ObjectFiles, wallMs: number): Promise<Place | undefined> {
  if (recordsOf(object.pending)?.every(({ setsClock }) => !setsClock) !== true) return undefined;
  try {
    let found: Place | undefined;
    let first: Place | undefined;
    for (const file of (await filesOf(object))?.reverse() ?? []) {
      for (const footer of footersOf(object.fs, file)) {
        if (!footer.last || footer.setsClock) return undefined;
        if (footer.last.wallMs <= wallMs) found ??= footer.last;
        first = footer.first;
      }
    }
    return found ?? first;
  } catch (error) {
    if (error instanceof NotAsExpected) return undefined; // whoever reads it says so
    throw error;
  }
}

/** Files are short, changed while they were read, or are damaged: whoever reads them whole is told which. */
class NotAsExpected extends Error {}

async function* readGroups(
  fs: FileSystem,
  groups: readonly Group[],
  journal: readonly SegmentRecord[],
  place: Place,
): AsyncGenerator<SegmentRecord[]> {
  let head: Position | undefined;
  const more = (source: readonly SegmentRecord[]): SegmentRecord[] => {
    const from = source.findIndex(({ position }) => comparePositions(position, place) >= 0);
    // The first of all has nothing to go on from: what is before it was not read.
    const added = head ? chain(head, source) : from < 0 ? [] : withRest(source.slice(from));
    if (!added) throw new NotAsExpected();
    head = added.at(-1)?.position ?? head;
    return added;
  };
  for await (const { last, bytes } of inAdvance(groups, (group) => readGroup(fs, group))) {
    if (head && last && comparePositions(last, head) <= 0) continue; // an older file has them all
    const group = bytes && scanGroup(bytes);
    if (!group) throw new NotAsExpected();
    yield more(group);
  }
  yield more(journal);
}

/** The records of a group, unpacked; no bytes if it is not there, or damaged. */
async function readGroup(fs: FileSystem, { path, start, length, last }: Group) {
  const bytes = await fs.readPart(path, start, length - start);
  return { last, bytes: bytes?.length === length - start ? await unpackGroup(bytes) : undefined };
}

/** What `read` gives for each, the next one being read while one is used. */
async function* inAdvance<T, R>(all: readonly T[], read: (one: T) => Promise<R>): AsyncGenerator<R> {
  let next = all[0] && read(all[0]);
  for (const one of all.slice(1)) {
    const present = next as Promise<R>;
    await present;
    next = read(one);
    next.catch(() => undefined); // told when it is its turn
    yield present;
  }
  if (next) yield next;
}

function withRest(source: readonly SegmentRecord[]): SegmentRecord[] | undefined {
  const [first, ...rest] = source;
  const more = first && chain(first.position, rest);
  return first && more ? [first, ...more] : undefined;
}

/** The furthest record in any file: a newer owner's may have less than an older one's. */
function headOf(files: readonly File[]): Position | undefined {
  let head: Position | undefined;
  for (const { footer } of files) {
    if (!footer.last) return undefined;
    if (!head || comparePositions(footer.last, head) > 0) head = footer.last;
  }
  return head;
}

function floorOf(files: readonly File[]): number {
  return Math.max(...files.map(({ header }) => header.floor));
}

/** An object's files that count, oldest first. */
async function filesOf({ fs, folder, known, wholeBytes }: ObjectFiles): Promise<File[] | undefined> {
  const files: File[] = [];
  const standing = new Standing();
  for (const name of segmentsAmong(await fs.names(folder)).reverse()) {
    if (!standing.counts(name)) continue;
    const path = `${folder}/${name}`;
    if (known.has(path)) return undefined;
    const start = await fs.readPart(path, 0, MAX_HEADER_BYTES);
    const end = await fs.readPart(path, -FOOTER_BYTES, FOOTER_BYTES);
    const found = start && decodeSegmentHeader(start);
    const footer = end && footerAtEnd(end);
    if (!found || !footer) return undefined;
    files.unshift({ path, header: found.header, headerBytes: found.length, footer });
    standing.add(found.header);
  }
  const bytes = files.reduce((sum, { footer }) => sum + footer.length + footer.savedBytes, 0);
  return bytes <= wholeBytes || files.some(({ header }) => header.copied > 0) ? undefined : files;
}

interface Group extends Footer {
  readonly path: string;
}

/** The footers of the groups of a file that have records from a place on, in order. @throws {@link NotAsExpected} */
function footersFrom(fs: FileSystem, file: File, place: Place): Footer[] {
  const footers: Footer[] = [];
  for (const footer of footersOf(fs, file)) {
    if (!footer.last) throw new NotAsExpected();
    if (comparePositions(footer.last, place) < 0) break;
    footers.push(footer);
    if (comparePositions(footer.first, place) <= 0) break;
  }
  return footers.reverse();
}

/** A file's footers from its end. @throws {@link NotAsExpected} */
function* footersOf(fs: FileSystem, { path, headerBytes, footer: newest }: File): Generator<Footer> {
  yield newest;
  if (newest.start === headerBytes) return;
  const file = fs.openNow(path); // they may be many, and each is small
  if (!file) throw new NotAsExpected();
  try {
    const bytes = new Uint8Array(FOOTER_BYTES);
    for (let { start } = newest; start > headerBytes; ) {
      const read = file.read(start - FOOTER_BYTES, bytes);
      const footer = footerAtEnd(bytes.subarray(0, read));
      if (footer?.length !== start - FOOTER_BYTES) throw new NotAsExpected();
      yield footer;
      start = footer.start;
    }
  } finally {
    file.close();
  }
}

/** What the journals have of an object that was neither deleted nor forked. */
function recordsOf(pending: readonly Entry[]): SegmentRecord[] | undefined {
  const records: SegmentRecord[] = [];
  for (const entry of pending) {
    const header = entry.kind === "record" ? storedHeader(entry.record) : undefined;
    if (!header || entry.kind !== "record") return undefined;
    records.push(segmentRecord(header, entry.record, false));
  }
  return records;
}

/** What a source adds behind a head; `undefined` if it does not go on from there. */
function chain(head: Position, source: readonly SegmentRecord[]): SegmentRecord[] | undefined {
  const added = source.filter(({ position }) => comparePositions(position, head) > 0);
  let before = head;
  for (const one of added) {
    if (!follows(one, before)) return undefined;
    before = one.position;
  }
  return added;
}
