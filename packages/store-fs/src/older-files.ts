/** older-files.ts
 * Each owner of the folder makes a file of its own of an object. So that they do not become as many as there were owners, the small ones of the
 * owners before become part of the new one.
 *
 * 1. A file is taken in if it has no more bytes than what has been taken in behind it, or few: so a byte is written again only a few times, and an object
 *    has about as many files as the doublings of its log.
 * 2. The new file says from which owner on it stands for the others, and is published before they are removed (T15).
 * 3. A file that is torn, or that does not go on where the one before ends, is left to whoever reads the object. */
import { comparePositions } from "@holdfast/timeline/contract";
import type { MoveParts, WholeFile } from "./move-records.js";
import { follows, Standing, segmentName, segmentsAmong } from "./object-state.js";
import { FOOTER_BYTES, footerAtEnd, type ScannedSegment, type SegmentRecord, scanSegment } from "./segment-file.js";
import type { StoredObject } from "./stored-object.js";

const FEW_BYTES = 1 << 14;

/** The file that an owner is about to make, with what older ones have; `undefined` if they are to stay. */
export async function withOlder(parts: MoveParts, { folder }: StoredObject, own: WholeFile): Promise<WholeFile | undefined> {
  const { fs, epoch } = parts;
  const names = segmentsAmong(await fs.names(folder)).filter((name) => name < segmentName(epoch));
  const { taken, before } = await smallOnes(parts, folder, names, bytesOf(own.records));
  const first = taken[0];
  const records = first && joined([...taken.map((file) => file.records), own.records]);
  if (!records) return undefined;
  const end = before === undefined ? undefined : await fs.readPart(`${folder}/${before}`, -FOOTER_BYTES, FOOTER_BYTES);
  const footer = end && footerAtEnd(end);
  if (before && !footer) return undefined;
  const { standsFrom, epoch: owner } = first.header;
  return { ...own, standsFrom: standsFrom ?? owner, records, alarmBefore: footer?.alarm ?? null };
}

/** The newest files as far as they are to be taken in, oldest first, and the one before them. */
async function smallOnes({ fs, known, mergedBytes }: MoveParts, folder: string, names: readonly string[], ownBytes: number) {
  const taken: ScannedSegment[] = [];
  const standing = new Standing();
  let bytes = ownBytes;
  for (const name of [...names].reverse()) {
    if (!standing.counts(name)) continue;
    const path = `${folder}/${name}`;
    const size = (await fs.size(path)) ?? Number.POSITIVE_INFINITY;
    if (size > Math.max(bytes, FEW_BYTES) || bytes + size > mergedBytes || known.has(path)) return { taken, before: name };
    const file = scanSegment(path, (await fs.read(path)) ?? new Uint8Array(0), undefined);
    if (file.bad) return { taken, before: name };
    taken.unshift(file);
    standing.add(file.header);
    bytes += size;
  }
  return { taken, before: undefined };
}

const bytesOf = (records: readonly SegmentRecord[]): number => records.reduce((sum, { record }) => sum + record.length, 0);

/** The records of all sources, each once; `undefined` if one does not go on where those before it end. */
function joined(sources: readonly (readonly SegmentRecord[])[]): SegmentRecord[] | undefined {
  const all: SegmentRecord[] = [];
  for (const one of sources.flat()) {
    const last = all.at(-1);
    if (last && comparePositions(one.position, last.position) <= 0) continue;
    if (last && !follows(one, last.position)) return undefined;
    all.push(one);
  }
  return all;
}
