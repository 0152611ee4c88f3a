/** record/delta.ts
 * The difference between two versions of a page: runs of bytes, found four at a time.
 *
 *   delta := (offset u16 | length u16 | length bytes)*
 *
 * Most commits change a few bytes of a few pages, so a difference is 4 to 69 times smaller than the pages (`docs/format.md`). */
import { PAGE_SIZE } from "@holdfast/core/contract";
import { copyBytes } from "./copy-bytes.js";

const WORDS = PAGE_SIZE / 4;
/** A gap of so many equal words costs no more than starting another run. */
const GAP_WORDS = 2;

/** Writes the difference at `at`; returns the bytes written, or -1 if they would be more than `limit`. */
export function writeDelta(before: Uint8Array, after: Uint8Array, out: DataView, at: number, limit: number): number {
  const a = words(before);
  const b = words(after);
  const bytes = new Uint8Array(out.buffer, out.byteOffset);
  let written = 0;
  for (let word = 0; ; ) {
    while (word < WORDS && a[word] === b[word]) word++;
    if (word === WORDS) return written;
    const end = endOfRun(a, b, word);
    const length = (end - word) * 4;
    if (written + 4 + length > limit) return -1;
    out.setUint16(at + written, word * 4, true);
    out.setUint16(at + written + 2, length, true);
    bytes.set(after.subarray(word * 4, end * 4), at + written + 4);
    written += 4 + length;
    word = end;
  }
}

/** Applies a difference to a page in place. @throws RangeError if a run lies outside the page */
export function applyDelta(page: Uint8Array, delta: Uint8Array): void {
  const view = new DataView(delta.buffer, delta.byteOffset, delta.byteLength);
  for (let at = 0; at < delta.length; ) {
    const offset = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    page.set(delta.subarray(at + 4, at + 4 + length), offset);
    at += 4 + length;
  }
}

/** The first equal word after a run of different ones, short gaps of equal words included. */
function endOfRun(a: Int32Array, b: Int32Array, start: number): number {
  let end = start + 1;
  for (;;) {
    while (end < WORDS && a[end] !== b[end]) end++;
    let next = end;
    while (next < WORDS && next - end < GAP_WORDS && a[next] === b[next]) next++;
    if (next === WORDS || a[next] === b[next]) return end;
    end = next + 1;
  }
}

function words(page: Uint8Array): Int32Array {
  const aligned = page.byteOffset % 4 === 0 ? page : copyBytes(page);
  return new Int32Array(aligned.buffer, aligned.byteOffset, WORDS);
}
