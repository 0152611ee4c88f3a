/** journal-file.ts
 * The bytes of a journal: a header, then batches, each written and synced at once. `docs/format.md` has the byte tables.
 *
 * A batch says how much of the journal was durable when it was written: all before it, unless nobody waits for syncs. So a damaged batch in
 * front of one that knew it to be durable is damage, not a torn write; and a batch counts whole or not at all (T6). */
import { crc32 } from "@holdfast/timeline/record";
import { damage } from "./damage.js";
import type { JournalName } from "./epoch-file.js";

/** "HFJ1" and "HFB1", little-endian. */
const JOURNAL_MAGIC = 0x314a4648;
const BATCH_MAGIC = 0x31424648;
export const JOURNAL_HEADER_BYTES = 16;
const BATCH_HEADER_BYTES = 32;
const ENTRY_HEADER_BYTES = 7;

/** What happened to an object, in order. */
export type Entry =
  /** `record`, here and below, is a record or the stand-in for a large one, which is durable when `ready` is resolved. */
  | { readonly kind: "record"; readonly objectId: string; readonly record: Uint8Array; readonly ready?: Promise<void> }
  /** It was deleted; no record of an epoch up to `floor` counts any more. */
  | { readonly kind: "deleted"; readonly objectId: string; readonly floor: number }
  /** It begins as a copy of another: one of that one's records. */
  | { readonly kind: "copied"; readonly objectId: string; readonly record: Uint8Array };

const encoder = new TextEncoder();

const KINDS = ["record", "deleted", "copied"] as const;

export function encodeJournalHeader({ epoch, number }: JournalName): Uint8Array {
  const bytes = new Uint8Array(JOURNAL_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, JOURNAL_MAGIC, true);
  view.setUint32(4, epoch, true);
  view.setUint32(8, number, true);
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true);
  return bytes;
}

/** `offset` is where the batch will stand, `durable` how much before it is durable. */
export function encodeBatch(entries: readonly Entry[], offset: number, durable: number): Uint8Array {
  const ids = entries.map(({ objectId }) => encoder.encode(objectId));
  const payloadBytes = (entry: Entry) => ("record" in entry ? entry.record.length : 4);
  const bodyBytes = entries.reduce((sum, entry, i) => sum + ENTRY_HEADER_BYTES + (ids[i]?.length ?? 0) + payloadBytes(entry), 0);
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + bodyBytes);
  const view = new DataView(bytes.buffer);
  let at = BATCH_HEADER_BYTES;
  for (const [i, entry] of entries.entries()) {
    const id = ids[i] as Uint8Array;
    view.setUint8(at, KINDS.indexOf(entry.kind));
    view.setUint16(at + 1, id.length, true);
    view.setUint32(at + 3, payloadBytes(entry), true);
    bytes.set(id, at + ENTRY_HEADER_BYTES);
    at += ENTRY_HEADER_BYTES + id.length;
    if ("record" in entry) bytes.set(entry.record, at);
    else view.setUint32(at, entry.floor, true);
    at += payloadBytes(entry);
  }
  view.setUint32(0, BATCH_MAGIC, true);
  view.setUint32(4, bodyBytes, true);
  view.setBigUint64(8, BigInt(offset), true);
  view.setBigUint64(16, BigInt(durable), true);
  view.setUint32(24, crc32(bytes.subarray(BATCH_HEADER_BYTES)), true);
  view.setUint32(28, crc32(bytes.subarray(0, 28)), true);
  return bytes;
}

export interface ScannedJournal {
  /** Of the batches that are known to be durable, and of those behind them. */
  readonly entries: readonly Entry[];
  readonly uncertain: readonly Entry[];
  /** Where the former and the latter end. */
  readonly durableEnd: number;
  readonly end: number;
}

/** Reads a journal. `known` is the length that is known to be durable, and all that counts; without it, everything up to the first batch
 * that is not whole counts, as the journal of an owner that died. Its last batch may be in the page cache only.
 * @throws HoldfastError `HOLDFAST_LOG_CORRUPT`, naming file and offset, for damage that no torn write explains (T6) */
export function scanJournal(path: string, bytes: Uint8Array, known: number | undefined): ScannedJournal {
  if (known !== undefined && known > bytes.length) throw damage(path, bytes.length, `${known} bytes were known to be durable`);
  const limited = bytes.subarray(0, known ?? bytes.length);
  const batches: Batch[] = [];
  const start = isHeader(limited) ? JOURNAL_HEADER_BYTES : 0;
  let end = start;
  for (let batch = start > 0 ? readBatch(limited, end) : undefined; batch; batch = readBatch(limited, end)) {
    batches.push(batch);
    end = batch.end;
  }
  if (end < limited.length) {
    if (known !== undefined) throw damage(path, end, "a batch that was durable is not whole");
    const knowing = findKnowingBatch(bytes, end);
    if (knowing !== undefined) throw damage(path, end, `a batch is not whole that the one at byte ${knowing} knew to be durable`);
  }
  const durableEnd = known === undefined ? batches.reduce((most, { durable }) => Math.max(most, durable), 0) : end;
  const entriesOf = (some: readonly Batch[]) => some.flatMap(({ entries }) => entries);
  return {
    entries: entriesOf(batches.filter((batch) => batch.end <= durableEnd)),
    uncertain: entriesOf(batches.filter((batch) => batch.end > durableEnd)),
    durableEnd,
    end,
  };
}

/** The offset of a whole batch behind a place that knew something there to be durable. */
function findKnowingBatch(bytes: Uint8Array, place: number): number | undefined {
  for (let at = Math.max(place + 1, JOURNAL_HEADER_BYTES); at + BATCH_HEADER_BYTES <= bytes.length; at++) {
    const batch = readBatch(bytes, at);
    if (batch && batch.durable > place) return at;
  }
  return undefined;
}

interface Batch {
  readonly entries: readonly Entry[];
  readonly durable: number;
  readonly end: number;
}

function isHeader(bytes: Uint8Array): boolean {
  if (bytes.length < JOURNAL_HEADER_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, JOURNAL_HEADER_BYTES);
  return view.getUint32(0, true) === JOURNAL_MAGIC && view.getUint32(12, true) === crc32(bytes.subarray(0, 12));
}

function readBatch(bytes: Uint8Array, offset: number): Batch | undefined {
  if (offset + BATCH_HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(offset, true) !== BATCH_MAGIC) return undefined;
  if (view.getUint32(offset + 28, true) !== crc32(bytes.subarray(offset, offset + 28))) return undefined;
  if (view.getBigUint64(offset + 8, true) !== BigInt(offset)) return undefined;
  const start = offset + BATCH_HEADER_BYTES;
  const end = start + view.getUint32(offset + 4, true);
  if (end > bytes.length || crc32(bytes.subarray(start, end)) !== view.getUint32(offset + 24, true)) return undefined;
  const entries: Entry[] = [];
  for (let at = start; at < end; ) {
    const kind = KINDS[view.getUint8(at)];
    const idBytes = view.getUint16(at + 1, true);
    const payloadBytes = view.getUint32(at + 3, true);
    const payload = at + ENTRY_HEADER_BYTES + idBytes;
    const objectId = new TextDecoder().decode(bytes.subarray(at + ENTRY_HEADER_BYTES, payload));
    at = payload + payloadBytes;
    if (kind === undefined || at > end) return undefined;
    if (kind === "record" || kind === "copied") entries.push({ kind, objectId, record: bytes.subarray(payload, at) });
    else entries.push({ kind, objectId, floor: view.getUint32(payload, true) });
  }
  return { entries, durable: Number(view.getBigUint64(offset + 16, true)), end };
}
