/** object-state.ts
 * What an object's files and the journals say together.
 *
 *   00000001.log ─▶ 00000003.log ─▶ … ─▶ entries of the journals that are not in any file yet
 *
 * 1. Records count in the order of their positions, each once: files overlap where an owner was replaced while it moved records from the
 *    journal, and the copies are the same.
 * 2. What the next source begins with must follow what the one before ended with. If it does not, or if a file's damaged end was durable
 *    and nothing goes on from before it, records are missing, and that is refused (T6).
 * 3. Of a file that says so, older files do not count; of a deleted object, no record of its epochs up to then (T2). */
import { comparePositions, NO_POSITION, type Position } from "@holdfast/timeline/contract";
import { damage } from "./damage.js";
import type { FileSystem } from "./file-system.js";
import type { Entry } from "./journal-file.js";
import { storedAlarm, storedHeader } from "./large-record.js";
import { type ScannedSegment, type SegmentHeader, type SegmentRecord, scanSegment, segmentRecord } from "./segment-file.js";

export interface ObjectState {
  readonly records: readonly SegmentRecord[];
  readonly head: Position;
  /** No record of an epoch up to this one counts. */
  readonly floor: number;
  /** The last record is another object's (T4). */
  readonly isFork: boolean;
}

/** Lengths of files that this process knows to be durable after a write failed, by path (T16). */
export type KnownLengths = ReadonlyMap<string, number>;

export const segmentName = (epoch: number): string => `${epoch.toString(16).padStart(8, "0")}.log`;

/** Who wrote a file. */
export const ownerOf = (name: string): number => Number.parseInt(name, 16);

/** Names of an object's files among those in its folder, oldest first. */
export function segmentsAmong(names: readonly string[]): string[] {
  return names.filter((name) => /^[0-9a-f]{8}\.log$/.test(name)).sort();
}

/** The object's own last word on its alarm (T22). */
export function alarmOf(records: readonly SegmentRecord[]): number | null {
  for (let i = records.length - 1; i >= 0; i--) {
    const { record, isCopied } = records[i] as SegmentRecord;
    const alarm = isCopied ? null : storedAlarm(record);
    if (alarm !== undefined) return alarm;
  }
  return null;
}

/** Reads an object. @throws HoldfastError `HOLDFAST_LOG_CORRUPT`, naming file and offset */
export async function readObject(
  fs: FileSystem,
  folder: string,
  pending: readonly Entry[],
  known: KnownLengths,
): Promise<ObjectState> {
  return stateOf(await readSegments(fs, folder, known), pending);
}

/** What an object's files and the journals say together. @throws HoldfastError `HOLDFAST_LOG_CORRUPT`, naming file and offset */
export function stateOf(segments: readonly ScannedSegment[], pending: readonly Entry[]): ObjectState {
  const merge = new Merge();
  for (const segment of segments) merge.addSegment(segment);
  merge.addEntries(pending);
  return merge.finish();
}

/** Up to which epoch no record of an object counts, as its files say. */
export async function floorOf(fs: FileSystem, folder: string, known: KnownLengths): Promise<number> {
  const segments = await readSegments(fs, folder, known);
  return segments.reduce((floor, { header }) => Math.max(floor, header.floor), 0);
}

/** An object's files that count, oldest first. @throws HoldfastError `HOLDFAST_LOG_CORRUPT`, naming file and offset */
export async function readSegments(fs: FileSystem, folder: string, known: KnownLengths): Promise<ScannedSegment[]> {
  for (;;) {
    const segments: ScannedSegment[] = [];
    let isWhole = true;
    const standing = new Standing();
    for (const name of segmentsAmong(await fs.names(folder)).reverse()) {
      if (!standing.counts(name)) continue;
      const path = `${folder}/${name}`;
      const bytes = await fs.read(path);
      if (!bytes) isWhole = false; // replaced meanwhile by a newer one, which is there now
      if (!bytes) break;
      const segment = scanSegment(path, bytes, known.get(path));
      segments.unshift(segment);
      standing.add(segment.header);
    }
    if (isWhole) return segments;
  }
}

/** Which of an object's files count, from the newest to the oldest. */
export class Standing {
  readonly #replaced: { readonly first: number; readonly last: number }[] = [];

  counts(name: string): boolean {
    return this.#replaced.every(({ first, last }) => ownerOf(name) < first || ownerOf(name) > last);
  }

  add({ standsFor }: SegmentHeader): void {
    if (standsFor) this.#replaced.push(standsFor);
  }
}

class Merge {
  #records: SegmentRecord[] = [];
  #floor = 0;
  /** A file whose end is not whole, with nothing behind it so far. */
  #torn: ScannedSegment | undefined;

  addSegment(segment: ScannedSegment): void {
    this.#raiseFloor(segment.header.floor);
    this.#add(segment.records, segment.path, segment.header.standsFor?.first === 0);
    if (segment.bad) this.#torn = segment;
  }

  addEntries(entries: readonly Entry[]): void {
    let run: SegmentRecord[] = [];
    for (const entry of entries) {
      if (entry.kind === "deleted") {
        run = []; // of what was deleted
        this.#raiseFloor(entry.floor);
        continue;
      }
      const header = storedHeader(entry.record);
      if (!header) throw new Error(`a record of object '${entry.objectId}' in a whole batch is damaged`);
      run.push(segmentRecord(header, entry.record, entry.kind === "copied"));
    }
    this.#add(run, "the journal");
  }

  finish(): ObjectState {
    const bad = this.#torn?.bad;
    if (this.#torn && bad?.wasDurable) throw damage(this.#torn.path, bad.offset, "a record that was durable is damaged");
    const isFork = this.#records.at(-1)?.isCopied ?? false;
    return { records: this.#records, head: this.#head, floor: this.#floor, isFork };
  }

  get #head(): Position {
    return this.#records.at(-1)?.position ?? NO_POSITION;
  }

  #raiseFloor(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    this.#records = [];
    this.#torn = undefined;
  }

  /** Records of one source, in order. One that stands for older ones may begin anywhere. */
  #add(records: readonly SegmentRecord[], source: string, isBeginning = false): void {
    const start = records.findIndex((one) => this.#isNew(one));
    const first = records[start];
    if (!first) return;
    if (!isBeginning && !follows(first, this.#head)) {
      const torn = this.#torn;
      throw damage(torn?.path ?? source, torn?.bad?.offset ?? 0, "records are missing between it and what was written later");
    }
    for (let i = start; i < records.length; i++) this.#records.push(records[i] as SegmentRecord);
    this.#torn = undefined;
  }

  #isNew({ position, isCopied }: SegmentRecord): boolean {
    return (
      (isCopied || position.epoch > this.#floor) && (this.#head === NO_POSITION || comparePositions(position, this.#head) > 0)
    );
  }
}

/** Whether a record goes on from a head. */
export function follows({ position, previousChecksum, isCopied, mayJump }: SegmentRecord, before: Position): boolean {
  if (before === NO_POSITION) return isCopied || previousChecksum === NO_POSITION.checksum;
  const isNext = position.epoch === before.epoch ? position.sequence === before.sequence + 1 : position.sequence === 0;
  return (isNext || mayJump) && previousChecksum === before.checksum;
}
