/** folder-store.ts
 * A store in a folder: one folder for each object, one log file for each of its openings, each write durable by `fdatasync` before it
 * is reported. Several processes may share it: an object belongs to whoever opened it last, and the writer before it is refused at its
 * next flush (T18). In one process, openings, forks and deletions of an object go one after the other. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  comparePositions,
  HoldfastError,
  type Log,
  type LogReader,
  type LogStore,
  type Position,
} from "@holdfast/timeline/contract";
import { recordAlarm } from "@holdfast/timeline/record";
import { makeFolder, publishNew, removeFiles } from "./files.js";
import { FolderLog, takeEpoch, wholeFile } from "./folder-log.js";
import { FolderLogReader, type ObjectKnowledge } from "./folder-log-reader.js";
import { encodeFileHeader, FileFlag, recordsIn } from "./log-file.js";
import { epochName, folderName, idFromFolderName, isPresent, readFolder } from "./object-folder.js";

/** A store in `dir`, which is made if it is not there. Network file systems are not supported. */
export function folderStore(dir: string): LogStore {
  return new FolderStore(dir);
}

interface ObjectEntry extends ObjectKnowledge {
  readonly logs: Set<FolderLog>;
  /** The last operation on it that must not overlap another. */
  busy: Promise<unknown>;
}

class FolderStore implements LogStore {
  readonly #objects: string;
  readonly #entries = new Map<string, ObjectEntry>();

  constructor(dir: string) {
    this.#objects = resolve(dir, "objects");
  }

  open(objectId: string): Promise<Log> {
    return this.#alone(objectId, async (entry) => {
      const log: FolderLog = await FolderLog.open(entry, () => entry.logs.delete(log));
      entry.logs.add(log);
      return log;
    });
  }

  async read(objectId: string): Promise<LogReader> {
    const entry = this.#entry(objectId);
    const { head } = await readFolder(entry.folder, entry.known);
    return new FolderLogReader(entry, head);
  }

  async fork(objectId: string, at: Position, to: string): Promise<void> {
    const { folder, known } = this.#entry(objectId);
    await this.#alone(to, async (target) => {
      const exists = new HoldfastError("HOLDFAST_USAGE", `Cannot fork to '${to}': that object exists.`);
      const existing = await readFolder(target.folder, target.known);
      if (isPresent(existing)) throw exists;
      const { files } = await readFolder(folder, known);
      const all = files.flatMap((file) => [...recordsIn(file)]);
      const last = all.findIndex(({ position }) => comparePositions(position, at) === 0 && position.checksum === at.checksum);
      if (last < 0) throw new HoldfastError("HOLDFAST_USAGE", `Cannot fork '${objectId}': that position is not in its log.`);
      await makeFolder(target.folder);
      // Fence whoever opens the target at this moment, look again, and only then take its place.
      const fence = await takeEpoch(target.folder, existing.newestEpoch + 1);
      if (isPresent(await readFolder(target.folder, target.known, fence))) throw exists;
      const epoch = fence + 1;
      const records = all.slice(0, last + 1).map(({ record }) => record);
      const header = { flags: FileFlag.FORK, epoch, firstEpoch: 1, accepted: new Map(), objectId: to };
      if (!(await publishNew(target.folder, epochName(epoch), wholeFile(header, records)))) throw exists;
    });
  }

  async *due(beforeMs: number, limit: number): AsyncGenerator<{ id: string; at: number }> {
    const due: { id: string; at: number }[] = [];
    for await (const id of this.list()) {
      const at = await this.#alarm(id);
      if (at !== null && at <= beforeMs) due.push({ id, at });
    }
    yield* due.sort((a, b) => a.at - b.at).slice(0, limit);
  }

  async *list(prefix = ""): AsyncGenerator<string> {
    if (!existsSync(this.#objects)) return;
    const ids = (await readdir(this.#objects)).map(idFromFolderName).filter((id) => id.startsWith(prefix));
    for (const id of ids.sort()) {
      const entry = this.#entry(id);
      if (isPresent(await readFolder(entry.folder, entry.known))) yield id;
    }
  }

  delete(objectId: string): Promise<void> {
    return this.#alone(objectId, async ({ folder, known }) => {
      for (;;) {
        const { newestEpoch, head } = await readFolder(folder, known);
        if (newestEpoch === 0) return;
        const epoch = Math.max(newestEpoch, head.epoch) + 1;
        const tombstone = encodeFileHeader({
          flags: FileFlag.TOMBSTONE,
          epoch,
          firstEpoch: epoch,
          accepted: new Map(),
          objectId,
        });
        // Another writer may take the epoch meanwhile; its object is then what is deleted.
        if (!(await publishNew(folder, epochName(epoch), [tombstone]))) continue;
        const isOlder = (name: string) => /^[0-9a-f]{8}[.-]/.test(name) && Number.parseInt(name.slice(0, 8), 16) < epoch;
        await removeFiles(folder, (await readdir(folder)).filter(isOlder));
        return;
      }
    });
  }

  async close(): Promise<void> {
    for (const { logs } of this.#entries.values()) for (const log of [...logs]) await log.close();
  }

  async #alarm(objectId: string): Promise<number | null> {
    const { folder, known } = this.#entry(objectId);
    const { files } = await readFolder(folder, known);
    let alarm: number | null = null;
    for (const file of files) {
      for (const { record } of recordsIn(file)) {
        const said = recordAlarm(record);
        if (said !== undefined) alarm = said;
      }
      if (file.header.flags & FileFlag.FORK) alarm = null; // the parent's, not its own (T4)
    }
    return alarm;
  }

  /** Runs `use` when no other such operation on the object runs in this process. */
  #alone<T>(objectId: string, use: (entry: ObjectEntry) => Promise<T>): Promise<T> {
    const entry = this.#entry(objectId);
    const result = entry.busy.then(() => use(entry));
    entry.busy = result.catch(() => undefined); // told to whoever asked; the next one starts all the same
    return result;
  }

  /** @throws HoldfastError `HOLDFAST_USAGE` for an id that cannot be a folder's name */
  #entry(objectId: string): ObjectEntry {
    let entry = this.#entries.get(objectId);
    if (!entry) {
      const folder = join(this.#objects, folderName(objectId));
      entry = { objectId, folder, pins: new Set(), known: new Map(), logs: new Set(), busy: Promise.resolve() };
      this.#entries.set(objectId, entry);
    }
    return entry;
  }
}
