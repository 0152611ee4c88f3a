/** object-end.ts
 * The end of a long log, without reading all of it: each footer says where its group begins, and what its last record is.
 *
 * Whoever is told `undefined` reads the object whole: it is short, it was deleted or forked, a write has failed, or something is not as it
 * should be, which is told there (T6). What is not read is not checked; `holdfast check` reads everything. */
import { comparePositions, NO_POSITION, type Position } from "@holdfast/timeline/contract";
import { readHeader } from "@holdfast/timeline/record";
import type { FileSystem } from "./file-system.js";
import type { Entry } from "./journal-file.js";
import { follows, type KnownLengths, segmentsAmong } from "./object-state.js";
import {
  decodeSegmentHeader,
  FOOTER_BYTES,
  type Footer,
  footerAtEnd,
  MAX_HEADER_BYTES,
  type Place,
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

/** The records from a place on. */
export async function readFrom(object: ObjectFiles, place: Place): Promise<readonly SegmentRecord[] | undefined> {
  const files = await filesOf(object);
  const journal = recordsOf(object.pending);
  if (!files || !journal) return undefined;
  const wanted = { ...NO_POSITION, ...place };
  const sources: (readonly SegmentRecord[])[] = [];
  for (const file of files) {
    const found = await groupsFrom(object.fs, file, wanted);
    if (!found) return undefined;
    sources.push(found.flat());
  }
  sources.push(journal);
  let records: SegmentRecord[] = [];
  for (const source of sources) {
    const from = source.findIndex(({ position }) => comparePositions(position, wanted) >= 0);
    const head = records.at(-1)?.position;
    // The first of all has nothing to go on from: what is before it was not read.
    const more = head ? chain(head, source) : from < 0 ? [] : withRest(source.slice(from));
    if (!more) return undefined;
    records = records.concat(more);
  }
  return records;
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
  for (const name of segmentsAmong(await fs.names(folder)).reverse()) {
    const path = `${folder}/${name}`;
    if (known.has(path)) return undefined;
    const start = await fs.readPart(path, 0, MAX_HEADER_BYTES);
    const end = await fs.readPart(path, -FOOTER_BYTES, FOOTER_BYTES);
    const found = start && decodeSegmentHeader(start);
    const footer = end && footerAtEnd(end);
    if (!found || !footer) return undefined;
    files.unshift({ path, header: found.header, headerBytes: found.length, footer });
    if (found.header.standsForOlder) break;
  }
  const bytes = files.reduce((sum, { footer }) => sum + footer.length, 0);
  return bytes <= wholeBytes || files.some(({ header }) => header.copied > 0) ? undefined : files;
}

/** The groups of a file that have records from a place on, read from its end. */
async function groupsFrom(
  fs: FileSystem,
  { path, headerBytes, footer: newest }: File,
  wanted: Position,
): Promise<SegmentRecord[][] | undefined> {
  const groups: SegmentRecord[][] = [];
  for (let footer = newest; ; ) {
    if (!footer.last) return undefined;
    if (comparePositions(footer.last, wanted) < 0) return groups;
    const bytes = await fs.readPart(path, footer.start, footer.length - footer.start);
    const group = bytes?.length === footer.length - footer.start ? scanGroup(bytes) : undefined;
    if (!group) return undefined;
    groups.unshift(group);
    if (comparePositions({ ...NO_POSITION, ...footer.first }, wanted) <= 0 || footer.start === headerBytes) return groups;
    const end = await fs.readPart(path, footer.start - FOOTER_BYTES, FOOTER_BYTES);
    const before = end && footerAtEnd(end);
    if (before?.length !== footer.start - FOOTER_BYTES) return undefined;
    footer = before;
  }
}

/** What the journals have of an object that was neither deleted nor forked. */
function recordsOf(pending: readonly Entry[]): SegmentRecord[] | undefined {
  const records: SegmentRecord[] = [];
  for (const entry of pending) {
    const header = entry.kind === "record" ? readHeader(entry.record) : undefined;
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
