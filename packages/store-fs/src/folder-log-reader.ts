/** One object's log in a folder, as a reader sees it: what is in the files when it asks, up to the head it was opened with. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { comparePositions, type LogReader, type Pin, type Position } from "@holdfast/timeline/contract";
import { readBytes } from "./files.js";
import { recordsIn } from "./log-file.js";
import { type FolderState, readFolder } from "./object-folder.js";

const SNAPSHOT = /^([0-9a-f]{8})-([0-9a-f]{8})\.snapshot$/;

/** The name of the snapshot of a position. */
export function snapshotName({ epoch, sequence }: Position): string {
  return `${epoch.toString(16).padStart(8, "0")}-${sequence.toString(16).padStart(8, "0")}.snapshot`;
}

/** What a store knows of an object beyond its files. */
export interface ObjectKnowledge {
  readonly objectId: string;
  readonly folder: string;
  /** Positions that must stay readable. */
  readonly pins: Set<Position>;
  /** Durable lengths by epoch, known from failed writes (T16). */
  readonly known: Map<number, number>;
}

export class FolderLogReader implements LogReader {
  readonly head: Position;
  protected readonly object: ObjectKnowledge;

  constructor(object: ObjectKnowledge, head: Position) {
    this.object = object;
    this.head = head;
  }

  async *records(after: Position, upTo: Position = this.head): AsyncGenerator<Uint8Array> {
    const { files } = await this.readFolder();
    for (const file of files) {
      for (const { position, record } of recordsIn(file)) {
        if (comparePositions(position, after) > 0 && comparePositions(position, upTo) <= 0) yield record;
      }
    }
  }

  async snapshot(atOrBefore: Position): Promise<{ position: Position; chunks: AsyncIterable<Uint8Array> } | undefined> {
    const { folder } = this.object;
    const names = existsSync(folder) ? (await readdir(folder)).filter((name) => SNAPSHOT.test(name)).sort() : [];
    if (names.length === 0) return undefined;
    const { files } = await this.readFolder();
    const positions = files.flatMap((file) => [...recordsIn(file)].map(({ position }) => position));
    for (const name of names.reverse()) {
      const position = positions.find((one) => snapshotName(one) === name);
      if (position && comparePositions(position, atOrBefore) <= 0) return { position, chunks: readWhole(join(folder, name)) };
    }
    return undefined;
  }

  async pin(at: Position): Promise<Pin> {
    const { pins } = this.object;
    const own = { ...at };
    pins.add(own);
    return { release: () => void pins.delete(own) };
  }

  async close(): Promise<void> {}

  protected readFolder(): Promise<FolderState> {
    return readFolder(this.object.folder, this.object.known);
  }
}

async function* readWhole(path: string): AsyncGenerator<Uint8Array> {
  yield await readBytes(path);
}
