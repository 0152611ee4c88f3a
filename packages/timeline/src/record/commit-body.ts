/** record/commit-body.ts
 * The pages of a commit as bytes.
 *
 *   body  := meta entry*
 *   entry := pageNumber u32 | kind u8 | 0 u8 | length u16 | length bytes       kind: 0 full page, 1 delta, 2 zeros
 *
 * A page that did not change gives no entry; a grown file's pages are zeros until an entry says otherwise. */
import { type CommitPages, PAGE_SIZE, type PageChange } from "@holdfast/core/contract";
import { copyBytes } from "./copy-bytes.js";
import { applyDelta, writeDelta } from "./delta.js";
import { encodeMeta } from "./meta.js";

const ENTRY_BYTES = 8;
const FULL = 0;
const DELTA = 1;
const ZEROS = 2;

/** A difference that saves less than this is not worth a second step at reading. */
const DELTA_LIMIT = PAGE_SIZE - 256;

export function encodeCommitBody(commit: CommitPages): Uint8Array {
  return copyBytes(encodeInParts(commit, Number.POSITIVE_INFINITY, () => {}));
}

/** The same of a commit that may be large: `onPart` is given the entries of each part as soon as they are `partBytes`, without meta (T7). The rest. What is
 * given, and returned, is borrowed: until the next bytes are encoded. */
export function encodeInParts(commit: CommitPages, partBytes: number, onPart: (entries: Uint8Array) => void): Uint8Array {
  const meta = encodeMeta(commit.meta);
  const out = new GrowingBytes(meta);
  for (const change of commit.pages) {
    if (out.length + ENTRY_BYTES + PAGE_SIZE > partBytes) {
      onPart(out.from(meta.length));
      out.length = meta.length;
    }
    encodeEntry(change, out);
  }
  return out.finish();
}

/** What a log is folded into. */
export interface Pages {
  readonly pageCount: number;
  /** A page, to be changed in place. */
  editable(pageNumber: number): Uint8Array;
}

/** Makes the changes that a body describes. Pages beyond the file are left out: it was cut off later in the same commit.
 * @throws RangeError on a damaged body */
export function foldEntries(entries: Uint8Array, pages: Pages): void {
  for (const { pageNumber, kind, bytes } of entriesOf(entries)) {
    if (pageNumber > pages.pageCount) continue;
    const page = pages.editable(pageNumber);
    switch (kind) {
      case FULL:
        if (bytes.length !== PAGE_SIZE) throw new RangeError("a full page of the wrong size");
        page.set(bytes);
        break;
      case ZEROS:
        page.fill(0);
        break;
      case DELTA:
        applyDelta(page, bytes);
        break;
      default:
        throw new RangeError(`unknown kind of entry ${kind}`);
    }
  }
}

interface Entry {
  readonly pageNumber: number;
  readonly kind: number;
  readonly bytes: Uint8Array;
}

function* entriesOf(entries: Uint8Array): Generator<Entry> {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
  for (let at = 0; at < entries.length; ) {
    const length = view.getUint16(at + 6, true);
    const bytes = entries.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + length);
    if (bytes.length !== length) throw new RangeError("an entry is longer than its record");
    yield { pageNumber: view.getUint32(at, true), kind: view.getUint8(at + 4), bytes };
    at += ENTRY_BYTES + length;
  }
}

/** How many pages a commit changed. @throws RangeError on a damaged body */
export function countEntries(entries: Uint8Array): number {
  let count = 0;
  for (const _ of entriesOf(entries)) count += 1;
  return count;
}

function encodeEntry(change: PageChange, out: GrowingBytes): void {
  out.room(ENTRY_BYTES + PAGE_SIZE);
  const body = out.length + ENTRY_BYTES;
  let kind = DELTA;
  let length = change.previous ? writeDelta(change.previous, change.data, out.view, body, DELTA_LIMIT) : -1;
  if (length === 0) return;
  if (length < 0) {
    kind = isZero(change.data) ? ZEROS : FULL;
    length = kind === ZEROS ? 0 : PAGE_SIZE;
    if (kind === FULL) out.bytes.set(change.data, body);
  }
  out.view.setUint32(out.length, change.pageNumber, true);
  out.view.setUint16(out.length + 4, kind, true);
  out.view.setUint16(out.length + 6, length, true);
  out.length += ENTRY_BYTES + length;
}

function isZero(page: Uint8Array): boolean {
  for (const byte of page) if (byte !== 0) return false;
  return true;
}

/** Space of the last commit that was encoded: most are small, and making it anew costs more than filling it. */
let spare: Uint8Array = new Uint8Array(4 * PAGE_SIZE);
const LARGEST_SPARE = 64 * PAGE_SIZE;

/** Scratch space that doubles. */
class GrowingBytes {
  bytes: Uint8Array;
  view: DataView;
  length: number;

  constructor(start: Uint8Array) {
    this.bytes = spare.length >= start.length ? spare : new Uint8Array(start.length);
    this.bytes.set(start);
    this.view = new DataView(this.bytes.buffer);
    this.length = start.length;
  }

  room(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + count, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** What was written behind a place. */
  from(start: number): Uint8Array {
    return this.bytes.subarray(start, this.length);
  }

  finish(): Uint8Array {
    if (this.bytes.length <= LARGEST_SPARE) spare = this.bytes;
    return this.bytes.subarray(0, this.length);
  }
}
