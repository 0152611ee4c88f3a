/** The body of a RESTORE record: which bookmark was asked for, where it led, and whether that could be restored (T8, T11).
 *
 *   body := meta | epoch u32 | sequence u32 | failed u8 | bookmark length u16 | bookmark | reason */

import { encodeShortText } from "./meta.js";

export interface RestoreBody {
  /** The bookmark that was armed. */
  readonly bookmark: string;
  /** The position restored; zeros if it failed. */
  readonly target: { readonly epoch: number; readonly sequence: number };
  /** Why it could not be restored, if it could not: the record then changed nothing. */
  readonly failure?: string;
}

export function encodeRestore(restore: RestoreBody): Uint8Array {
  const bookmark = encodeShortText(restore.bookmark);
  const reason = new TextEncoder().encode(restore.failure ?? "");
  const bytes = new Uint8Array(11 + bookmark.length + reason.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, restore.target.epoch, true);
  view.setUint32(4, restore.target.sequence, true);
  view.setUint8(8, restore.failure === undefined ? 0 : 1);
  view.setUint16(9, bookmark.length, true);
  bytes.set(bookmark, 11);
  bytes.set(reason, 11 + bookmark.length);
  return bytes;
}

/** @throws RangeError on a damaged body */
export function decodeRestore(body: Uint8Array): RestoreBody {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const target = { epoch: view.getUint32(0, true), sequence: view.getUint32(4, true) };
  const reasonAt = 11 + view.getUint16(9, true);
  const bookmark = new TextDecoder().decode(body.subarray(11, reasonAt));
  const failed = view.getUint8(8) === 1;
  return { bookmark, target, ...(failed && { failure: new TextDecoder().decode(body.subarray(reasonAt)) }) };
}
