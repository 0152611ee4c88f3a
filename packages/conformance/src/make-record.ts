/** A record with an undamaged frame and a body that means nothing, to follow a position. */
import type { Position } from "@holdfast/core/contract";
import { encodeRecord, RECORD_COMMIT } from "@holdfast/timeline/record";

export interface RecordWish {
  /** The epoch it is written in; the position before it decides the sequence. */
  readonly epoch?: number;
  /** The very position it claims, checksum aside. */
  readonly position?: Position;
  readonly bodyBytes?: number;
  readonly alarm?: number | null | undefined;
}

const SAYS_ALARM = 1;

export function makeRecord(before: Position, wish: RecordWish): { readonly bytes: Uint8Array; readonly position: Position } {
  const epoch = wish.epoch ?? before.epoch;
  const claimed = wish.position ?? {
    incarnation: before.incarnation || 7n,
    epoch,
    sequence: epoch === before.epoch ? before.sequence + 1 : 0,
    txid: before.txid + 1,
    wallMs: before.wallMs + 1,
  };
  const said = wish.alarm !== undefined;
  const body = new Uint8Array((said ? 8 : 0) + (wish.bodyBytes ?? 10)).fill(0xab);
  if (said) new DataView(body.buffer).setFloat64(0, wish.alarm ?? Number.NaN, true);
  const { bytes, checksum } = encodeRecord(
    {
      kind: RECORD_COMMIT,
      flags: said ? SAYS_ALARM : 0,
      position: claimed,
      pageCount: 1,
      rawMs: claimed.wallMs,
      durable: { epoch: 0, sequence: 0 },
      previousChecksum: before.checksum,
    },
    body,
  );
  return { bytes, position: { ...claimed, checksum } };
}
