/** older-files.ts
 * Each owner of the folder makes a file of its own of an object. So that they do not become as many as there were owners, the small ones of the
 * owners before become part of the new one.
 *
 * 1. A file is taken in if it has at most twice the bytes, unpacked, of what has been taken in behind it, or few: so a byte is written again only a few
 *    times, and an object has about as many files as the doublings of its log.
 * 2. The new file says which owners' files it stands for, and no others: one that was published meanwhile, by an owner that was replaced while it did so,
 *    still counts. It is published before they are removed (T15).
 * 3. A file that is torn, or that does not go on where the one before ends, is left to whoever reads the object. */
import { comparePositions } from "@holdfast/timeline/contract";
import type { FileSystem } from "./file-system.js";
import type { MoveParts, WholeFile } from "./move-records.js";
import { follows, ownerOf, Standing, segmentName, segmentsAmong } from "./object-state.js";
import { FOOTER_BYTES, type Footer, footerAtEnd, type ScannedSegment, type SegmentRecord, scanSegment } from "./segment-file.js";
import type { StoredObject } from "./stored-object.js";

const FEW_BYTES = 1 << 14;

/** The file that an owner is about to make, with what older ones have; `undefined` if they are to stay. */
export async function withOlder(parts: MoveParts, { folder }: StoredObject, own: WholeFile): Promise<WholeFile | undefined> {
  const { fs, epoch } = parts;
  const names = segmentsAmong(await fs.names(folder)).filter((name) => name < segmentName(epoch));
  const { taken, before } = await smallOnes(parts, folder, names, bytesOf(own.records));
  const [oldest, newest] = [taken[0]?.header, taken.at(-1)?.header];
  const records = joined([...taken.map((file) => file.records), own.records]);
  if (!oldest || !newest || !records) return undefined;
  const standsFor = { first: oldest.standsFor?.first ?? oldest.epoch, last: newest.epoch };
  if (before !== undefined && ownerOf(before) >= standsFor.first) return undefined; // rule 2, and what is in between counts
  const footer = before === undefined ? undefined : await footerOf(fs, `${folder}/${before}`);
  // Where the one before has no end that says it, what is known of the end of them all is as good as can be.
  const alarmBefore = before === undefined ? null : footer ? footer.alarm : own.alarmBefore;
  return { ...own, standsFor, records, alarmBefore };
}

/** The newest files as far as they are to be taken in, oldest first, and the one before them. */
async function smallOnes({ fs, known, mergedBytes }: MoveParts, folder: string, names: readonly string[], ownBytes: number) {
  const taken: ScannedSegment[] = [];
  const standing = new Standing();
  let bytes = ownBytes;
  for (const name of [...names].reverse()) {
    if (!standing.counts(name)) continue;
    const path = `${folder}/${name}`;
    // What it takes in memory counts. One without an end is torn.
    const footer = known.has(path) ? undefined : await footerOf(fs, path);
    const size = footer ? footer.length + footer.savedBytes : Number.POSITIVE_INFINITY;
    if (size > Math.max(2 * bytes, FEW_BYTES) || bytes + size > mergedBytes) return { taken, before: name };
    const file = scanSegment(path, (await fs.read(path)) ?? new Uint8Array(0), undefined);
    if (file.bad) return { taken, before: name };
    taken.unshift(file);
    standing.add(file.header);
    bytes += size;
  }
  return { taken, before: undefined };
}

async function footerOf(fs: FileSystem, path: string): Promise<Footer | undefined> {
  const end = await fs.readPart(path, -FOOTER_BYTES, FOOTER_BYTES);
  return end && footerAtEnd(end);
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
