/** Large records as the owner of a folder writes them: each to a file of its own, durable before anything speaks of it (`large-record.ts`). */
import type { Position, RecordMeta } from "@holdfast/timeline/contract";
import { recordAlarm } from "@holdfast/timeline/record";
import type { FileSystem } from "./file-system.js";
import type { Entry } from "./journal-file.js";
import { fileOfStandIn, recordFileName, standInFor, storedAlarm, type WrittenBy, wholeRecord } from "./large-record.js";
import type { StoredObject } from "./stored-object.js";

export interface LargeRecordParts {
  readonly fs: FileSystem;
  /** Of the folder's owner. */
  readonly epoch: number;
  /** Records of so many bytes have files of their own. */
  readonly largeBytes: number;
  /** Ends the ownership. */
  fail(cause: unknown): void;
  /** Runs something whose failure does. */
  orFail(write: () => Promise<void>): Promise<void>;
}

export class LargeRecordFiles {
  readonly #parts: LargeRecordParts;
  /** Of other objects' records, and of records that stand for others. */
  #copies = 0;

  constructor(parts: LargeRecordParts) {
    this.#parts = parts;
  }

  /** What is to be kept of an appended record in the journal. Never throws: a failure ends the ownership. */
  append(
    { folder }: StoredObject,
    record: Uint8Array,
    { position, alarm }: RecordMeta,
  ): Pick<Extract<Entry, { kind: "record" }>, "record" | "ready"> {
    const { epoch, largeBytes, fail } = this.#parts;
    if (record.length < largeBytes) return { record };
    const by = { owner: epoch, copy: 0 };
    const ready = this.#write(folder, position, by, record);
    ready.catch(fail);
    return { record: standInFor(record, by, alarm), ready };
  }

  /** What is to be kept of another object's record, durably. */
  async copy(from: StoredObject, to: StoredObject, position: Position, stored: Uint8Array): Promise<Uint8Array> {
    const record = await wholeRecord(this.#parts.fs, from.folder, stored);
    return record === stored ? stored : this.#keep(to, position, record, storedAlarm(stored));
  }

  /** What is to be kept of a record that stands for others, durably. */
  async replacement(object: StoredObject, position: Position, record: Uint8Array): Promise<Uint8Array> {
    return record.length < this.#parts.largeBytes ? record : this.#keep(object, position, record, recordAlarm(record));
  }

  /** Removes the file of a record that nothing speaks of yet. */
  async remove({ folder }: StoredObject, stored: Uint8Array): Promise<void> {
    const name = fileOfStandIn(stored);
    if (name !== undefined) await this.#parts.fs.remove(`${folder}/${name}`);
  }

  async #keep({ folder }: StoredObject, position: Position, record: Uint8Array, alarm: number | null | undefined) {
    this.#copies += 1;
    const by = { owner: this.#parts.epoch, copy: this.#copies };
    await this.#parts.orFail(() => this.#write(folder, position, by, record));
    return standInFor(record, by, alarm);
  }

  async #write(folder: string, position: Position, by: WrittenBy, record: Uint8Array): Promise<void> {
    const { fs } = this.#parts;
    const path = `${folder}/${recordFileName(position, by)}`;
    fs.createNow(path, record);
    const file = await fs.open(path);
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
    await fs.syncFolder(folder);
    await fs.syncFolder(folder.slice(0, folder.lastIndexOf("/"))); // it may be new
  }
}
