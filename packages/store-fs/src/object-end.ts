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
  const inFiles = files?.[0]?.footer.last;
  if (!files || !inFiles) return undefined;
  const floor = Math.max(...files.map(({ header }) => header.floor));
  const journal = recordsOf(object.pending);
  const added = journal && chain(inFiles, journal);
  return added && inFiles.epoch > floor ? { head: added.at(-1)?.position ?? inFiles, floor, isFork: false } : undefined;
}

/** What the files say of an object beside its records. */
export async function readLast(
  object: ObjectFiles,
): Promise<{ readonly floor: number; readonly alarm: number | null } | undefined> {
  const files = await filesOf(object);
  if (!files?.[0]?.footer.last) return undefined;
  return { floor: Math.max(...files.map(({ header }) => header.floor)), alarm: files[0].footer.alarm };
}

/** The records from a place on. */
export async function readFrom(object: ObjectFiles, place: Place): Promise<readonly SegmentRecord[] | undefined> {
  const files = await filesOf(object);
  const journal = recordsOf(object.pending);
  if (!files || !journal) return undefined;
  const wanted = { ...NO_POSITION, ...place };
  const sources: (readonly SegmentRecord[])[] = [journal];
  for (const file of files) {
    const found = await groupsFrom(object.fs, file, wanted);
    if (!found) return undefined;
    sources.unshift(...found.groups);
    if (found.isAll) break;
  }
  const first = sources.flat().find(({ position }) => comparePositions(position, wanted) >= 0);
  if (!first) return [];
  let records: SegmentRecord[] | undefined = [first];
  for (const source of sources) {
    const more: SegmentRecord[] | undefined = chain((records.at(-1) as SegmentRecord).position, source);
    if (!more) return undefined;
    records = records.concat(more);
  }
  return records;
}

/** An object's files that count, newest first. */
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
    files.push({ path, header: found.header, headerBytes: found.length, footer });
    if (found.header.standsForOlder) break;
  }
  const bytes = files.reduce((sum, { footer }) => sum + footer.length, 0);
  return bytes <= wholeBytes || files.some(({ header }) => header.copied > 0) ? undefined : files;
}

/** The groups of a file that have records from a place on, and whether those are all: nothing older is wanted. */
async function groupsFrom(
  fs: FileSystem,
  { path, headerBytes, footer: newest }: File,
  wanted: Position,
): Promise<{ readonly groups: SegmentRecord[][]; readonly isAll: boolean } | undefined> {
  const groups: SegmentRecord[][] = [];
  for (let footer = newest; ; ) {
    if (!footer.last) return undefined;
    if (comparePositions(footer.last, wanted) < 0) return { groups, isAll: true };
    const bytes = await fs.readPart(path, footer.start, footer.length - footer.start);
    const group = bytes?.length === footer.length - footer.start ? scanGroup(bytes) : undefined;
    if (!group) return undefined;
    groups.unshift(group);
    if (comparePositions({ ...NO_POSITION, ...footer.first }, wanted) <= 0) return { groups, isAll: true };
    if (footer.start === headerBytes) return { groups, isAll: false };
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
