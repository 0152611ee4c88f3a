/** The meta block at the start of a body: what a commit says beside its pages. Flags in the header tell which parts are there. */
import type { CommitMeta } from "@holdfast/core/contract";

const SAYS_ALARM = 1;
const SAYS_ARMED_RESTORE = 2;

const NOTHING = new Uint8Array(0);

export function metaFlags(meta: CommitMeta | undefined): number {
  return (meta?.alarm === undefined ? 0 : SAYS_ALARM) | (meta?.armedRestore === undefined ? 0 : SAYS_ARMED_RESTORE);
}

/** UTF-8 of at most 65,535 bytes, as its length is stored. @throws RangeError */
export function encodeShortText(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 0xffff) throw new RangeError(`a text of ${bytes.length} bytes is too long for a record`);
  return bytes;
}

/** `alarm f64 (NaN: none)`, then `length u16 | bookmark` (length 0: none); each only if said. */
export function encodeMeta(meta: CommitMeta | undefined): Uint8Array {
  const flags = metaFlags(meta);
  if (flags === 0) return NOTHING; // nearly always
  const bookmark = encodeShortText(meta?.armedRestore ?? "");
  const bytes = new Uint8Array((flags & SAYS_ALARM ? 8 : 0) + (flags & SAYS_ARMED_RESTORE ? 2 + bookmark.length : 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  if (flags & SAYS_ALARM) {
    view.setFloat64(at, meta?.alarm ?? Number.NaN, true);
    at += 8;
  }
  if (flags & SAYS_ARMED_RESTORE) {
    view.setUint16(at, bookmark.length, true);
    bytes.set(bookmark, at + 2);
  }
  return bytes;
}

/** The alarm alone; `undefined` if the meta does not say it. */
export function decodeAlarm(flags: number, body: Uint8Array): number | null | undefined {
  return flags & SAYS_ALARM ? decodeMeta(flags, body).meta.alarm : undefined;
}

export function decodeMeta(flags: number, body: Uint8Array): { readonly meta: CommitMeta; readonly bytes: number } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const meta: { alarm?: number | null; armedRestore?: string | null } = {};
  let at = 0;
  if (flags & SAYS_ALARM) {
    const alarm = view.getFloat64(at, true);
    meta.alarm = Number.isNaN(alarm) ? null : alarm;
    at += 8;
  }
  if (flags & SAYS_ARMED_RESTORE) {
    const length = view.getUint16(at, true);
    meta.armedRestore = length === 0 ? null : new TextDecoder().decode(body.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return { meta, bytes: at };
}
