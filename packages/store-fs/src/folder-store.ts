/** folder-store.ts
 * A store in a folder: one journal for all objects, synced for everybody who waits, and files of each object's own behind it. One process
 * writes; any may read. Stores of one process on one folder share it. */
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  comparePositions,
  HoldfastError,
  type Log,
  type LogReader,
  type LogStore,
  NO_POSITION,
  type Place,
  type Position,
  type ScratchFile,
} from "@holdfast/timeline/contract";
import { FolderLog } from "./folder-log.js";
import { FolderLogReader } from "./folder-log-reader.js";
import type { FolderOwner } from "./folder-owner.js";
import { readJournals } from "./folder-view.js";
import type { Packing } from "./grouped-records.js";
import type { Entry } from "./journal-file.js";
import { holdFolder } from "./liveness.js";
import { nodeFileSystem } from "./node-file-system.js";
import { placeAt, readEnd, recordsFrom } from "./object-end.js";
import { folderName, idFromFolderName } from "./object-name.js";
import { alarmOf, readObject, segmentsAmong } from "./object-state.js";
import { deflateInThread } from "./packed-group.js";
import { decodeSegmentHeader, FOOTER_BYTES, footerAtEnd } from "./segment-file.js";
import { SharedFolder } from "./shared-folder.js";

export interface FolderStoreOptions {
  /** `"strict"`: what is acknowledged survives a power loss. `"relaxed"`: it survives the death of the process; nobody waits for the disk.
   * Default `"strict"`. */
  readonly durability?: "strict" | "relaxed";
  /** Bytes of a journal before objects' records are moved to files of their own. Default 16 MiB. */
  readonly journalBytes?: number;
  /** Bytes that the files of the folder may have: a commit that may make them more fails with `database or disk is full: SQLITE_FULL`, and what its turn
   * has written is undone. Also one that deletes: history is kept. No limit by default. */
  readonly maxFolderBytes?: number;
}

/** Packing less is not worth the time of those who read it. */
const PACKING: Packing = { deflate: deflateInThread, minBytes: 4096 };

/** Folders in use by this process, by path. */
const folders = new Map<string, SharedFolder>();

/** A store in `dir`, which is made if it is not there. Network file systems are not supported. While a store has an object open or has
 * written, no other process can: its calls fail with `HOLDFAST_HELD`. The options are those of the first store on the folder that is open. */
export function folderStore(dir: string, options: FolderStoreOptions = {}): LogStore {
  const path = resolve(dir);
  const shared = folders.get(path) ?? makeShared(path, options);
  return new FolderStore(shared, () => {
    if (!shared.isUsed && folders.get(path) === shared) folders.delete(path);
  });
}

function makeShared(dir: string, options: FolderStoreOptions): SharedFolder {
  const { durability = "strict", journalBytes = 16 << 20, maxFolderBytes } = options;
  const shared = new SharedFolder({
    fs: nodeFileSystem,
    dir,
    isRelaxed: durability === "relaxed",
    maxJournalBytes: journalBytes,
    wholeBytes: 1 << 20,
    largeBytes: 1 << 20,
    packing: PACKING,
    mergedBytes: 4 << 20,
    maxFolderBytes,
    hold: () => holdFolder(realpathSync(dir)),
  });
  folders.set(dir, shared);
  return shared;
}

/** What an object is made of, without looking into its files. */
interface Part {
  readonly folder: string;
  readonly entries: readonly Entry[];
}

export class FolderStore implements LogStore {
  readonly #shared: SharedFolder;
  readonly #onClosed: () => void;
  readonly #logs = new Set<FolderLog>();
  readonly #discarded = new Map<string, Set<string>>();
  #closed: Promise<void> | undefined;

  constructor(shared: SharedFolder, onClosed: () => void = () => {}) {
    this.#shared = shared;
    this.#onClosed = onClosed;
    shared.use();
  }

  async open(objectId: string): Promise<Log> {
    const owner = await this.#owner();
    const object = owner.object(objectId);
    return object.alone(async () => {
      object.writer?.fence();
      await owner.durable(object.lastTicket); // all that the writer before will ever have acknowledged
      const state = await owner.readEnd(object);
      if (state.head !== NO_POSITION || object.isPresent !== undefined) await owner.removeBehind(object, state.head);
      object.taken = Math.max(object.taken, state.head.epoch, state.floor) + 1;
      object.isPresent = true;
      const log: FolderLog = new FolderLog(owner, object, state, () => this.#logs.delete(log));
      object.writer = log;
      this.#logs.add(log);
      owner.moveLeft();
      return log;
    });
  }

  async read(objectId: string): Promise<LogReader> {
    const owner = this.#shared.current;
    if (owner) {
      const object = owner.object(objectId);
      await owner.durable(object.lastTicket);
      const { head } = await owner.readDurable(object);
      return new FolderLogReader(owner.readerParts(object), head);
    }
    const { fs, dir, wholeBytes } = this.#shared.parts;
    const known = this.#shared.lengths;
    const folder = `${dir}/objects/${folderName(objectId)}`;
    const { entries } = (await this.#parts()).get(objectId) ?? { entries: [] };
    const files = { fs, folder, pending: entries, known, wholeBytes };
    const readWhole = () => readObject(fs, folder, entries, known);
    const { head } = (await readEnd(files)) ?? (await readWhole());
    const recordsOf = (place: Place) => recordsFrom(files, place, async () => (await readWhole()).records);
    const parts = {
      ...{ fs, folder, pins: new Set<Position>(), reading: new Set<object>(), discarded: this.#discardedOf(objectId) },
      recordsFrom: recordsOf,
    };
    return new FolderLogReader({ ...parts, placeAt: (wallMs) => placeAt(files, wallMs) }, head);
  }

  hasRoom(bytes: number): boolean {
    return this.#shared.hasRoom(bytes);
  }

  /** Who only reads writes nothing into the folder. */
  scratch(): ScratchFile {
    const { fs, dir } = this.#shared.parts;
    return fs.scratch(this.#shared.current ? `${dir}/scratch` : join(tmpdir(), "holdfast-scratch"));
  }

  /** Damaged snapshots of an object that this process does not own. */
  #discardedOf(objectId: string): Set<string> {
    const known = this.#discarded.get(objectId) ?? new Set<string>();
    this.#discarded.set(objectId, known);
    return known;
  }

  async fork(objectId: string, at: Position, to: string): Promise<void> {
    const owner = await this.#owner();
    const source = owner.object(objectId);
    const target = owner.object(to);
    await target.alone(async () => {
      const existing = await owner.read(target);
      if (target.writer || existing.records.length > 0) throw target.usage("A fork cannot go to an object that exists");
      await owner.durable(source.lastTicket);
      await owner.removeBehind(target, NO_POSITION); // of a fork that was not finished
      const { records } = await owner.read(source);
      const last = records.findIndex(({ position }) => comparePositions(position, at) === 0 && position.checksum === at.checksum);
      if (last < 0) throw source.usage("A fork cannot start at a position that is not in the log");
      const entries: Entry[] = [];
      for (const { position, record } of records.slice(0, last + 1)) {
        const copy = await owner.largeRecords.copy(source, target, position, record);
        entries.push({ kind: "copied", objectId: to, record: copy });
      }
      await owner.durable(owner.push(target, entries));
    });
  }

  async *due(beforeMs: number, limit: number): AsyncGenerator<{ id: string; at: number }> {
    const due: { id: string; at: number }[] = [];
    for (const [id, part] of await this.#parts()) {
      const at = await this.#alarm(id, part);
      if (at !== null && at <= beforeMs) due.push({ id, at });
    }
    yield* due.sort((a, b) => a.at - b.at).slice(0, limit);
  }

  async *list(prefix = ""): AsyncGenerator<string> {
    const parts = await this.#parts();
    for (const id of [...parts.keys()].filter((one) => one.startsWith(prefix)).sort()) {
      if (await this.#isPresent(id, parts.get(id) as Part)) yield id;
    }
  }

  async delete(objectId: string): Promise<void> {
    const owner = await this.#owner();
    const object = owner.object(objectId);
    await object.alone(async () => {
      const { head, floor } = await owner.readEnd(object);
      if (head === NO_POSITION && !object.isPresent) return;
      object.writer?.fence();
      object.writer = undefined;
      object.taken = Math.max(object.taken, head.epoch, floor + 1); // a copy may be of epochs below the floor
      await owner.durable(owner.push(object, [{ kind: "deleted", objectId, floor: object.taken }]));
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const log of [...this.#logs]) await log.close();
    try {
      await this.#shared.leave();
    } finally {
      this.#onClosed();
    }
  }

  #owner(): Promise<FolderOwner> {
    if (this.#closed) return Promise.reject(new HoldfastError("HOLDFAST_CLOSED", "The store is closed."));
    return this.#shared.owner();
  }

  /** Every object that has a folder, or entries in the journals. */
  async #parts(): Promise<Map<string, Part>> {
    const { fs, dir } = this.#shared.parts;
    const owner = this.#shared.current;
    const entries = new Map<string, Entry[]>();
    if (owner) for (const [id, object] of owner.objects) entries.set(id, object.entries);
    else {
      for (const { scanned } of await readJournals(fs, dir, this.#shared.lengths)) {
        for (const entry of [...scanned.entries, ...scanned.uncertain]) {
          const known = entries.get(entry.objectId);
          if (known) known.push(entry);
          else entries.set(entry.objectId, [entry]);
        }
      }
    }
    const ids = new Set([...entries.keys(), ...(await fs.names(`${dir}/objects`)).map(idFromFolderName)]);
    return new Map([...ids].map((id) => [id, { folder: `${dir}/objects/${folderName(id)}`, entries: entries.get(id) ?? [] }]));
  }

  async #isPresent(objectId: string, { folder, entries }: Part): Promise<boolean> {
    const known = this.#shared.current?.objects.get(objectId)?.isPresent;
    if (known !== undefined) return known;
    const last = entries.at(-1);
    if (last) return last.kind !== "deleted";
    const { fs } = this.#shared.parts;
    const newest = segmentsAmong(await fs.names(folder)).at(-1);
    if (newest === undefined) return false;
    const start = (await fs.readPart(`${folder}/${newest}`, 0, 1024)) ?? new Uint8Array(0);
    const found = decodeSegmentHeader(start);
    if (found?.header.floor === 0) return true;
    return (await readObject(fs, folder, [], this.#shared.lengths)).records.length > 0; // it has been deleted at least once
  }

  /** The end of the newest file says it, unless the journal says otherwise or there is no end. */
  async #alarm(objectId: string, { folder, entries }: Part): Promise<number | null> {
    const { fs } = this.#shared.parts;
    const owner = this.#shared.current;
    if (entries.length === 0) {
      const newest = segmentsAmong(await fs.names(folder)).at(-1);
      const end = newest && (await fs.readPart(`${folder}/${newest}`, -FOOTER_BYTES, FOOTER_BYTES));
      const footer = end ? footerAtEnd(end) : undefined;
      if (footer) return footer.alarm;
    }
    const { records } = await (owner
      ? owner.read(owner.object(objectId))
      : readObject(fs, folder, entries, this.#shared.lengths));
    return alarmOf(records);
  }
}
