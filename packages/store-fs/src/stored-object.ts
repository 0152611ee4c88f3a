/** What the owner of a folder knows of one object beyond its files. */
import { HoldfastError, type Position } from "@holdfast/timeline/contract";
import type { Entry } from "./journal-file.js";
import type { ObjectState } from "./object-state.js";
import type { Footer, ScannedSegment } from "./segment-file.js";

/** What the journal has and no file has yet. */
export interface Pending {
  readonly entry: Entry;
  /** When it is durable. */
  readonly ticket: number;
}

/** The file of this owner's that the object's records are moved to. */
export interface OwnFile {
  readonly length: number;
  readonly head: Position;
  readonly floor: number;
  readonly alarm: number | null;
  /** As {@link Footer.savedBytes}. */
  readonly savedBytes: number;
}

/** Something large that was read: kept as long as nobody needs the memory. */
export interface Remembered<T extends object> {
  readonly version: number;
  readonly value: WeakRef<T>;
}

/** A log that is open for writing. */
export interface Writer {
  /** Somebody else has the object from now on. */
  fence(): void;
}

export class StoredObject {
  readonly objectId: string;
  readonly folder: string;
  /** In the order they were pushed. */
  readonly pending: Pending[] = [];
  /** Positions that must stay readable. */
  readonly pins: Set<Position> = new Set();
  readonly reading: Set<object> = new Set();
  /** Names of snapshots that are damaged. */
  readonly discarded: Set<string> = new Set();
  /** The highest epoch that was taken in this process. */
  taken = 0;
  /** Whether it was opened or deleted last, where that is known. */
  isPresent: boolean | undefined;
  writer: Writer | undefined;
  /** Changes with everything that changes what reading the object gives, and with what changes its files. */
  version = 0;
  filesVersion = 0;
  /** What reading it gave last, as long as somebody has it, and the version then. */
  remembered: Remembered<ObjectState> | undefined;
  rememberedFiles: Remembered<readonly ScannedSegment[]> | undefined;
  #own: OwnFile | undefined;
  /** Of its newest entry. */
  lastTicket = 0;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(objectId: string, folder: string) {
    this.objectId = objectId;
    this.folder = folder;
  }

  get own(): OwnFile | undefined {
    return this.#own;
  }

  set own(file: OwnFile | undefined) {
    this.#own = file;
    this.version += 1;
    this.filesVersion += 1;
  }

  get entries(): Entry[] {
    return this.pending.map(({ entry }) => entry);
  }

  /** Runs `use` when no other such operation on the object runs. */
  alone<T>(use: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(use);
    this.#busy = result.catch(() => undefined); // told to whoever asked; the next one starts all the same
    return result;
  }

  usage(what: string): HoldfastError {
    return new HoldfastError("HOLDFAST_USAGE", `${what} (object '${this.objectId}')`);
  }
}
