/** Records as they are written into an object's file: in groups, packed or not, each with its footer. */
import { storedAlarm } from "./large-record.js";
import { alarmOf } from "./object-state.js";
import { type Deflate, packGroup } from "./packed-group.js";
import { encodeFooter, type Footer, type SegmentRecord } from "./segment-file.js";

/** Who reads a log from a place on reads no more than this before it. */
const GROUP_BYTES = 1 << 20;

export interface Packing {
  readonly deflate: Deflate;
  /** Groups of fewer bytes are not packed. */
  readonly minBytes: number;
}

/** A file up to where the next group begins. */
export type Reached = Pick<Footer, "length" | "alarm" | "savedBytes">;

/** The bytes of records behind what is in a file. What is returned in the end is the file as it is then. */
export async function* grouped(
  records: readonly SegmentRecord[],
  before: Reached,
  packing: Packing,
): AsyncGenerator<Uint8Array, Reached> {
  let { length, alarm, savedBytes } = before;
  for (let from = 0; from === 0 || from < records.length; ) {
    const group = records.slice(from, endOfGroup(records, from));
    const raw = Buffer.concat(group.map(({ record }) => record));
    const packed = await packGroup(raw, packing.deflate, packing.minBytes);
    const bytes = packed ?? raw;
    const start = length;
    length += bytes.length;
    savedBytes += raw.length - bytes.length;
    alarm = lastAlarm(group, alarm);
    const footer = encodeFooter({ start, length, alarm, savedBytes }, group);
    length += footer.length;
    yield bytes;
    yield footer;
    from += Math.max(1, group.length);
  }
  return { length, alarm, savedBytes };
}

/** The alarm behind records. */
function lastAlarm(records: readonly SegmentRecord[], before: number | null): number | null {
  return records.some(({ isCopied, record }) => isCopied || storedAlarm(record) !== undefined) ? alarmOf(records) : before;
}

/** Where the group ends that begins with a record. */
function endOfGroup(records: readonly SegmentRecord[], from: number): number {
  let bytes = 0;
  let end = from;
  while (end < records.length && bytes < GROUP_BYTES) bytes += (records[end++] as SegmentRecord).record.length;
  return end;
}
