/** folder-store.ts
 * A store in a folder: one folder for each object, one log file for each of its openings, each write durable by `fdatasync` before it
 * is reported. Several processes may share it: an object belongs to whoever opened it last, and the writer before it is refused at its
 * next flush (T18). */
import { existsSync } from "node:fs";
import { mkdir, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  comparePositions,
  HoldfastError,
  type Log,
  type LogReader,
  type LogStore,
  type Position,
} from "@holdfast/timeline/contract";
import { recordAlarm } from "@holdfast/timeline/record";
import { FolderLog, FolderLogReader, publishWhole } from "./folder-log.js";
import { encodeFileHeader, FileFlag, recordsIn } from "./log-file.js";
import {
  epochName,
  folderName,
  idFromFolderName,
  isPresent,
  makeFolder,
  readFolder,
  removeFiles,
  syncFolder,
} from "./object-folder.js";

/** A store in `dir`, which is made if it is not there. Network file systems are not supported. */
export function folderStore(dir: string): LogStore {
  return new FolderStore(dir);
}

class FolderStore implements LogStore {
  readonly #objects: string;
  readonly #open = new Map<string, Set<FolderLog>>();
  readonly #pins = new Map<string, Set<Position>>();

  constructor(dir: string) {
    this.#objects = join(dir, "objects");
  }

  async open(objectId: string): Promise<Log> {
    const folder = this.#folder(objectId);
    await mkdir(this.#objects, { recursive: true });
    const logs = this.#openLogs(objectId);
    const log: FolderLog = await FolderLog.open(this.#objects, folder, objectId, this.#pinsOf(objectId), () => logs.delete(log));
    logs.add(log);
    return log;
  }

  async read(objectId: string): Promise<LogReader> {
    const folder = this.#folder(objectId);
    const { head } = await readFolder(folder);
    return new FolderLogReader(folder, objectId, head, this.#pinsOf(objectId));
  }

  async fork(objectId: string, at: Position, to: string): Promise<void> {
    const [folder, target] = [this.#folder(objectId), this.#folder(to)];
    const existing = await readFolder(target);
    if (isPresent(existing)) throw new HoldfastError("HOLDFAST_USAGE", `Cannot fork to '${to}': that object exists.`);
    const { files } = await readFolder(folder);
    const all = files.flatMap((file) => [...recordsIn(file)]);
    const last = all.findIndex(({ position }) => comparePositions(position, at) === 0 && position.checksum === at.checksum);
    if (last < 0) throw new HoldfastError("HOLDFAST_USAGE", `Cannot fork '${objectId}': that position is not in its log.`);
    await makeFolder(target, this.#objects);
    const epoch = Math.max(at.epoch, existing.newestEpoch + 1);
    const records = all.slice(0, last + 1).map(({ record }) => record);
    await publishWhole(target, to, { firstEpoch: 1, epoch }, records);
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
    for (const id of ids.sort()) if (isPresent(await readFolder(this.#folder(id)))) yield id;
  }

  async delete(objectId: string): Promise<void> {
    const folder = this.#folder(objectId);
    const state = await readFolder(folder);
    if (state.newestEpoch === 0) return;
    const epoch = state.newestEpoch + 1;
    const handle = await open(join(folder, epochName(epoch)), "wx");
    try {
      const tombstone = { flags: FileFlag.TOMBSTONE, epoch, firstEpoch: epoch, accepted: new Map(), objectId };
      await handle.writeFile(encodeFileHeader(tombstone));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(folder);
    const older = (await readdir(folder)).filter((name) => name !== epochName(epoch));
    await removeFiles(folder, older);
  }

  async close(): Promise<void> {
    for (const logs of this.#open.values()) for (const log of [...logs]) await log.close();
  }

  async #alarm(objectId: string): Promise<number | null> {
    const { files } = await readFolder(this.#folder(objectId));
    let alarm: number | null = null;
    for (const file of files) for (const { record } of recordsIn(file)) alarm = said(recordAlarm(record), alarm);
    return alarm;
  }

  #folder(objectId: string): string {
    return join(this.#objects, folderName(objectId));
  }

  #openLogs(objectId: string): Set<FolderLog> {
    return getOrMake(this.#open, objectId, () => new Set<FolderLog>());
  }

  #pinsOf(objectId: string): Set<Position> {
    return getOrMake(this.#pins, objectId, () => new Set<Position>());
  }
}

const said = (alarm: number | null | undefined, before: number | null): number | null => (alarm === undefined ? before : alarm);

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
