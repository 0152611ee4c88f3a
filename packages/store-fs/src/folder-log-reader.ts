/** One object's log as a reader sees it: up to the head it had when it was asked for. */
import { comparePositions, type LogReader, type Pin, type Position } from "@holdfast/timeline/contract";
import type { FileSystem } from "./file-system.js";
import type { Place, SegmentRecord } from "./segment-file.js";

const SNAPSHOT = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}\.snapshot$/;

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** The name of the snapshot of a position, made by an owner of the folder. */
export function snapshotName({ epoch, sequence }: Position, owner: number): string {
  return `${hex(epoch)}-${hex(sequence)}-${hex(owner)}.snapshot`;
}

export interface ReaderParts {
  readonly fs: FileSystem;
  readonly folder: string;
  /** Positions that must stay readable. */
  readonly pins: Set<Position>;
  /** Records from a place on, and perhaps some before it. */
  readFrom(place: Place): Promise<readonly SegmentRecord[]>;
}

export class FolderLogReader implements LogReader {
  readonly isChecked: boolean = true;
  readonly #head: Position;
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts, head: Position) {
    this.#parts = parts;
    this.#head = head;
  }

  get head(): Position {
    return this.#head;
  }

  async *records(after: Position, upTo: Position = this.head): AsyncGenerator<Uint8Array> {
    for (const { position, record } of await this.#parts.readFrom(after)) {
      if (comparePositions(position, after) > 0 && comparePositions(position, upTo) <= 0) yield record;
    }
  }

  async snapshot(atOrBefore: Position): Promise<{ position: Position; chunks: AsyncIterable<Uint8Array> } | undefined> {
    const { fs, folder } = this.#parts;
    const names = (await fs.names(folder)).filter((name) => SNAPSHOT.test(name)).sort();
    if (names.length === 0) return undefined;
    for (const name of names.reverse()) {
      const [epoch, sequence] = [name.slice(0, 8), name.slice(9, 17)].map((part) => Number.parseInt(part, 16)) as [
        number,
        number,
      ];
      const place = { ...atOrBefore, epoch, sequence };
      if (comparePositions(place, atOrBefore) > 0) continue;
      const isHere = comparePositions(place, atOrBefore) === 0;
      const position = isHere ? atOrBefore : positionAmong(await this.#parts.readFrom(place), place);
      const bytes = position && (await fs.read(`${folder}/${name}`));
      if (position && bytes) return { position, chunks: only(bytes) };
    }
    return undefined;
  }

  async pin(at: Position): Promise<Pin> {
    const { pins } = this.#parts;
    const own = { ...at };
    pins.add(own);
    return { release: () => void pins.delete(own) };
  }

  async close(): Promise<void> {}
}

/** The position of a record with an epoch and a sequence, if there is one. */
function positionAmong(records: readonly SegmentRecord[], wanted: Position): Position | undefined {
  let low = 0;
  let high = records.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { position } = records[middle] as SegmentRecord;
    const order = comparePositions(position, wanted);
    if (order === 0) return position;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
