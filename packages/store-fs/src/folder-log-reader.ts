/** One object's log as a reader sees it: up to the head it had when it was asked for. */
import {
  comparePositions,
  type LogReader,
  NO_POSITION,
  type Pin,
  type Place,
  type Position,
  type SnapshotFile,
  type StoredSnapshot,
} from "@holdfast/timeline/contract";
import type { FileSystem, ReadableFile } from "./file-system.js";
import { isStandIn, wholeRecord } from "./large-record.js";
import type { SegmentRecord } from "./segment-file.js";

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
  /** Whoever is reading records at the moment: what is read may not be replaced. */
  readonly reading: Set<object>;
  /** Names of snapshots that are damaged. */
  readonly discarded: Set<string>;
  /** Records from a place on, and perhaps some before it. */
  recordsFrom(place: Place): AsyncIterable<readonly SegmentRecord[]>;
  /** As {@link LogReader.placeAt}, if the files tell. */
  placeAt(wallMs: number): Promise<Place | undefined>;
  /** Removes a snapshot that is damaged; a reader that does not write leaves it. */
  discard?(name: string): void;
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

  async *records(after: Place, upTo: Place = this.head): AsyncGenerator<readonly Uint8Array[]> {
    const { reading } = this.#parts;
    const token = {};
    reading.add(token);
    try {
      yield* this.#records(after, upTo);
    } finally {
      reading.delete(token);
    }
  }

  async *#records(after: Place, upTo: Place): AsyncGenerator<readonly Uint8Array[]> {
    for await (const group of this.#parts.recordsFrom(after)) {
      const isIn = ({ position }: SegmentRecord) =>
        comparePositions(position, after) > 0 && comparePositions(position, upTo) <= 0;
      const wanted = group.filter(isIn).map(({ record }) => record);
      let first = 0;
      for (const [i, record] of wanted.entries()) {
        if (!isStandIn(record)) continue;
        yield wanted.slice(first, i);
        yield [await wholeRecord(this.#parts.fs, this.#parts.folder, record)]; // alone: nobody needs two of them at once
        first = i + 1;
      }
      yield wanted.slice(first);
      const last = group.at(-1);
      if (last && comparePositions(last.position, upTo) >= 0) return;
    }
  }

  async placeAt(wallMs: number): Promise<Place> {
    return (await this.#parts.placeAt(wallMs)) ?? NO_POSITION;
  }

  async snapshot(atOrBefore: Position): Promise<StoredSnapshot | undefined> {
    const { fs, folder, discarded } = this.#parts;
    const names = (await fs.names(folder)).filter((name) => SNAPSHOT.test(name) && !discarded.has(name)).sort();
    for (const name of names.reverse()) {
      const [epoch, sequence] = [name.slice(0, 8), name.slice(9, 17)].map((part) => Number.parseInt(part, 16)) as [
        number,
        number,
      ];
      const order = comparePositions({ epoch, sequence }, atOrBefore);
      if (order > 0) continue;
      const position = order === 0 ? atOrBefore : await this.#positionAt({ epoch, sequence });
      const file = position && fs.openNow(`${folder}/${name}`);
      if (position && file) return { position, file: this.#snapshotFile(name, file) };
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

  #snapshotFile(name: string, file: ReadableFile): SnapshotFile {
    return {
      bytes: file.bytes,
      read: (offset, into) => file.read(offset, into),
      close: () => file.close(),
      discard: () => {
        this.#parts.discarded.add(name);
        this.#parts.discard?.(name);
      },
    };
  }

  /** The position of the record at a place, if there is one. */
  async #positionAt(place: Place): Promise<Position | undefined> {
    for await (const group of this.#parts.recordsFrom(place)) {
      const found = group.find(({ position }) => comparePositions(position, place) >= 0);
      if (found) return comparePositions(found.position, place) === 0 ? found.position : undefined;
    }
    return undefined;
  }
}
