/** `@holdfast/timeline/record`: the frame of a record, for stores that keep records in files and must find where the valid ones end. */
import { decodeAlarm } from "./meta.js";
import { bodyOf, flagsOf, type RecordHeader, RecordKind } from "./record.js";

export { crc32 } from "#crc32";
export {
  encodeRecord,
  HEADER_BYTES,
  headerOf,
  type NewRecord,
  RECORD_MAGIC,
  type RecordHeader,
  readHeader,
  readRecord,
} from "./record.js";

/** The kind of an ordinary commit. */
export const RECORD_COMMIT: number = RecordKind.COMMIT;

/** Whether a record's place need not follow that of the one before it: those of a state that stands for many records. */
export function recordMayJump({ kind }: RecordHeader): boolean {
  return kind === RecordKind.PART || kind === RecordKind.BASE;
}

/** Whether time may be earlier behind a record than before it (T9). */
export function recordSetsClock({ kind }: RecordHeader): boolean {
  return kind === RecordKind.CLOCK;
}

/** The object's alarm from an undamaged record on, if the record says so: milliseconds since the epoch, `null` for none (T22). */
export function recordAlarm(record: Uint8Array): number | null | undefined {
  return decodeAlarm(flagsOf(record), bodyOf(record));
}
