/** Appends made-up records to a log of a store, and reads what is in one. */
import { type Log, type LogReader, type LogStore, NO_POSITION, type Position } from "@holdfast/timeline/contract";
import { encodeRecord, RECORD_COMMIT, readHeader } from "@holdfast/timeline/record";

export class LogWriter {
  readonly log: Log;
  head: Position;

  constructor(log: Log) {
    this.log = log;
    this.head = log.head;
  }

  /** Appends a record with a body of some bytes; the record. */
  append(bodyBytes = 10): Uint8Array {
    const { epoch } = this.log;
    const before = this.head;
    const isFirst = before.epoch !== epoch;
    const incarnation = before.incarnation === 0n || (isFirst && this.log.isFork) ? BigInt(epoch) + 100n : before.incarnation;
    const position = {
      incarnation,
      epoch,
      sequence: isFirst ? 0 : before.sequence + 1,
      txid: before.txid + 1,
      wallMs: before.wallMs + 1,
    };
    const header = {
      kind: RECORD_COMMIT,
      flags: 0,
      position,
      pageCount: 1,
      rawMs: position.wallMs,
      durable: { epoch: 0, sequence: 0 },
      previousChecksum: before.checksum,
    };
    const { bytes, checksum } = encodeRecord(header, new Uint8Array(bodyBytes).fill(position.txid));
    this.head = { ...position, checksum };
    this.log.append(before, bytes.slice(), { position: this.head });
    return bytes;
  }

  flush(): Promise<void> {
    return this.log.flushed(this.head);
  }
}

/** The checksums of an object's records, in order: they name them. */
export async function recordsOf(store: LogStore, objectId: string): Promise<number[]> {
  const reader = await store.read(objectId);
  const checksums: number[] = [];
  for await (const batch of reader.records(NO_POSITION)) checksums.push(...batch.map(checksumOf));
  return checksums;
}

/** The same of a log's records but for the first of them, read from there. */
export async function endOf(log: LogReader, first: number): Promise<number[]> {
  let before: Position = NO_POSITION;
  let count = 0;
  for await (const batch of log.records(NO_POSITION)) {
    for (const record of batch) {
      if (count < first) before = readHeader(record)?.position as Position;
      count += 1;
    }
  }
  const checksums: number[] = [];
  for await (const batch of log.records(before)) checksums.push(...batch.map(checksumOf));
  return checksums;
}

export function checksumOf(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(72, true);
}
