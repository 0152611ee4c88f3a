/** timeline/bookmark.ts
 * Positions as strings that sort (T3).
 *
 *   epoch8 - sequence8 - day8 - incarnation16 txid8 checksum8        all lower-case hexadecimal
 *
 * Sequence `ffffffff` means the last durable commit of that epoch, whichever it turned out to be: the undo bookmark, issued before that
 * commit exists. Its last 16 digits are those of the epoch's OPEN record. */
import type { Position } from "@holdfast/core/contract";

/** Stands for "the end of the epoch"; no record has it. */
export const END_OF_EPOCH = 0xffffffff;

export interface Bookmark {
  readonly epoch: number;
  readonly sequence: number;
  readonly incarnation: bigint;
  readonly txid: number;
  readonly checksum: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const FORM = /^([0-9a-f]{8})-([0-9a-f]{8})-[0-9a-f]{8}-([0-9a-f]{16})([0-9a-f]{8})([0-9a-f]{8})$/;

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0");

/** `sequence` other than the position's own: {@link END_OF_EPOCH}. */
export function formatBookmark(position: Position, sequence: number = position.sequence): string {
  const day = Math.floor(position.wallMs / DAY_MS);
  const id = hex(position.incarnation, 16) + hex(position.txid % 2 ** 32, 8) + hex(position.checksum, 8);
  return `${hex(position.epoch, 8)}-${hex(sequence, 8)}-${hex(day, 8)}-${id}`;
}

/** `undefined` if the text is not of a bookmark's form. */
export function parseBookmark(text: string): Bookmark | undefined {
  const parts = FORM.exec(text);
  if (!parts) return undefined;
  const [, epoch, sequence, incarnation, txid, checksum] = parts as unknown as [string, string, string, string, string, string];
  return {
    epoch: Number.parseInt(epoch, 16),
    sequence: Number.parseInt(sequence, 16),
    incarnation: BigInt(`0x${incarnation}`),
    txid: Number.parseInt(txid, 16),
    checksum: Number.parseInt(checksum, 16),
  };
}

/** Whether a position is the one a bookmark was made from. */
export function isMadeFrom(bookmark: Bookmark, position: Position): boolean {
  return (
    bookmark.incarnation === position.incarnation &&
    bookmark.txid === position.txid % 2 ** 32 &&
    bookmark.checksum === position.checksum
  );
}
