/** timeline/retention.ts
 * What of a history is too old, or too much, to be gone back to, and may become one state (T15).
 *
 * 1. Whole epochs expire, the oldest first, when all their records are older than the horizon, or when they and what follows are more than the
 *    bytes that the history may have, so that the last state before it can still be restored, and an undo
 *    bookmark, which stands for the end of its epoch, has all that it needs.
 * 2. What a retained restore led to, and what is armed, is retained, and everything after it (T11).
 * 3. The present epoch never expires. A record's time is the earlier of what the clock said and what the history says (T9); one that has not come yet says
 *    nothing: then what follows tells. */
import type { CommitMeta, Position } from "@holdfast/core/contract";
import { comparePositions } from "../contract.js";
import { decodeMeta } from "../record/meta.js";
import { bodyOf, RecordKind } from "../record/record.js";
import { parseBookmark } from "./bookmark.js";
import { type HistoryRecord, restoreOf, timeOf } from "./history.js";

export interface Expired {
  readonly first: Position;
  readonly last: Position;
  /** Of the last record. */
  readonly rawMs: number;
  /** How many records they are, and their bytes. */
  readonly records: number;
  readonly bytes: number;
  /** Of the first of them, 4096 at most. */
  readonly places: readonly Position[];
  /** What the records say of the alarm and of a restore, taken together. */
  readonly meta: CommitMeta;
}

interface Epoch {
  readonly first: Position;
  last: Position;
  rawMs: number;
  /** Of its latest record. */
  time: number;
  records: number;
  bytes: number;
  /** As of its end. */
  meta: CommitMeta;
  /** Where its restores led. */
  readonly targets: { readonly epoch: number; readonly sequence: number }[];
}

/** Enough for the parts of 16 GB. */
const MANY = 4096;

export interface Horizon {
  /** Milliseconds since the epoch: the present, and what is too old before it. */
  readonly now: number;
  readonly ms: number;
  /** What the whole history may have. */
  readonly bytes: number;
}

/** What may become one state, the bytes of everything, and when what stays was written: before that is older than the horizon, nothing more expires.
 * `expired` is absent if there is nothing, or one record already. */
export async function findExpired(
  history: AsyncIterable<HistoryRecord>,
  horizon: Horizon,
): Promise<{ readonly expired?: Expired; readonly bytes: number; readonly keptMs: number }> {
  const epochs: Epoch[] = [];
  const places: Position[] = [];
  for await (const one of history) {
    take(epochs, one, horizon.now);
    if (places.length < MANY) places.push(one.header.position);
  }
  for (let i = epochs.length - 1, later = horizon.now; i >= 0; i--) {
    const epoch = epochs[i] as Epoch;
    if (epoch.time === UNKNOWN) epoch.time = later;
    later = epoch.time;
  }
  const bytes = sum(epochs.map((epoch) => epoch.bytes));
  let end = Math.max(tooOld(epochs, horizon.ms), tooMuch(epochs, bytes - horizon.bytes));
  end = Math.min(end, epochs.length - 1); // rule 3
  const armed = parseBookmark(epochs.at(-1)?.meta.armedRestore ?? "");
  for (let before = -1; before !== end; ) {
    before = end;
    for (const { targets } of epochs.slice(end)) for (const target of targets) end = Math.min(end, endFor(epochs, end, target));
    if (armed) end = Math.min(end, endFor(epochs, end, { epoch: armed.epoch, sequence: -1 }));
  }
  const expired = epochs.slice(0, end);
  const [first, last] = [expired[0], expired.at(-1)];
  const records = sum(expired.map((epoch) => epoch.records));
  const keptMs = epochs[end]?.time ?? Number.POSITIVE_INFINITY;
  if (!first || !last || records < 2) return { bytes, keptMs };
  const expiredBytes = sum(expired.map((epoch) => epoch.bytes));
  const { rawMs, meta } = last;
  return { expired: { first: first.first, last: last.last, places, rawMs, records, bytes: expiredBytes, meta }, bytes, keptMs };
}

/** How many of the oldest epochs are older than a time. */
function tooOld(epochs: readonly Epoch[], ms: number): number {
  const end = epochs.findIndex(({ time }) => time > ms);
  return end < 0 ? epochs.length : end;
}

/** How many of the oldest epochs make up so many bytes. */
function tooMuch(epochs: readonly Epoch[], bytes: number): number {
  let left = bytes;
  let end = 0;
  for (; left > 0 && end < epochs.length; end++) left -= (epochs[end] as Epoch).bytes;
  return end;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

const UNKNOWN = Number.NEGATIVE_INFINITY;

function take(epochs: Epoch[], { header, record }: HistoryRecord, now: number): void {
  const { position, rawMs } = header;
  const before = epochs.at(-1);
  const said = decodeMeta(header.flags, bodyOf(record)).meta;
  const time = timeOf(header) > now ? UNKNOWN : timeOf(header);
  let epoch = before;
  if (!epoch || epoch.last.epoch !== position.epoch) {
    const meta = before?.meta ?? {};
    epoch = { first: position, last: position, rawMs, time, records: 0, bytes: 0, meta, targets: [] };
    epochs.push(epoch);
  }
  epoch.last = position;
  epoch.rawMs = rawMs;
  epoch.time = Math.max(epoch.time, time);
  if (header.kind !== RecordKind.PART) epoch.records += 1;
  epoch.bytes += record.length;
  epoch.meta = { ...epoch.meta, ...said };
  if (header.kind !== RecordKind.RESTORE) return;
  const { target, failure } = restoreOf({ header, record });
  if (failure === undefined) epoch.targets.push(target);
}

/** How many of the first `end` epochs may expire if a position must stay: all, if it is the last of them (rule 2). */
function endFor(epochs: readonly Epoch[], end: number, target: { readonly epoch: number; readonly sequence: number }): number {
  const last = epochs[end - 1]?.last;
  if (!last || target.epoch > last.epoch) return end;
  if (comparePositions({ ...last, ...target }, last) === 0) return end;
  const index = epochs.findIndex((epoch) => epoch.last.epoch >= target.epoch);
  return index < 0 ? end : index;
}
