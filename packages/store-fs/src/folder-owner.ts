/** folder-owner.ts
 * The one writer of a folder, from when it took it until it closes it or loses it.
 *
 *   make epoch-N, exclusively ──▶ read the older journals ──▶ own journal ──▶ publish in epoch-N what counts of the older ones
 *
 * 1. The empty file is the fence: an older owner that syncs after it was made finds it and acknowledges nothing (T18).
 * 2. What an older owner may have written without syncing, or synced without success, is in the page cache only. It may have been
 *    acknowledged too. So it is written again, to the own journal, before the older one is cut in front of it (T16).
 * 3. Objects' records go to the journal, and behind it to files of their own. A journal is removed when every file that took from it is
 *    durable.
 * 4. A failed write or sync ends the ownership (T16). The next one is told what was durable. */
import { HoldfastError, type Position } from "@holdfast/timeline/contract";
import { type AcceptedJournal, encodeEpochFile, epochName, epochsAmong, journalName, journalsAmong } from "./epoch-file.js";
import { type FileSystem, publish } from "./file-system.js";
import type { ReaderParts } from "./folder-log-reader.js";
import { type ReadJournal, readJournals } from "./folder-view.js";
import type { Packing } from "./grouped-records.js";
import { Journal } from "./journal.js";
import type { Entry } from "./journal-file.js";
import { removeBehind } from "./large-record.js";
import { LargeRecordFiles } from "./large-record-files.js";
import { moveRecords, type WholeFile, writeOwnFile } from "./move-records.js";
import { type ObjectEnd, type ObjectFiles, placeAt, readEnd, recordsFrom } from "./object-end.js";
import { folderName } from "./object-name.js";
import { type ObjectState, readObject, readSegments, segmentName, stateOf } from "./object-state.js";
import { type Remembered, StoredObject } from "./stored-object.js";
import { keepTail, takeEpoch } from "./take-epoch.js";

/** Objects whose records are moved at the same time. */
const MOVED_TOGETHER = 8;

export interface OwnerParts {
  readonly fs: FileSystem;
  readonly dir: string;
  readonly isRelaxed: boolean;
  readonly maxJournalBytes: number;
  /** Objects' logs of up to so many bytes are read whole when they are opened; of longer ones the end. */
  readonly wholeBytes: number;
  /** Records of so many bytes have files of their own. */
  readonly largeBytes: number;
  readonly packing: Packing;
  /** Small files of older owners are merged into larger ones of up to so many bytes. */
  readonly mergedBytes: number;
}

/** What an owner leaves to the next one in the same process: durable lengths by path, and epochs that objects have had. */
export interface Legacy {
  readonly lengths: ReadonlyMap<string, number>;
  readonly taken: ReadonlyMap<string, number>;
}

export const NO_LEGACY: Legacy = { lengths: new Map(), taken: new Map() };

export class FolderOwner {
  readonly epoch: number;
  readonly largeRecords: LargeRecordFiles;
  readonly #parts: OwnerParts;
  readonly #epochPath: string;
  readonly #nextEpochPath: string;
  /** How many writings of the epoch's file have not been followed by a look at all names. */
  #publishing = 1;
  readonly #legacy: Legacy;
  readonly #objects = new Map<string, StoredObject>();
  /** Those with entries that are in no file yet. */
  readonly #pending = new Set<StoredObject>();
  /** Journals that are no longer written, and up to which ticket they go. */
  #left: (AcceptedJournal & { readonly ticket: number })[];
  #journal!: Journal;
  #failed: { readonly error: unknown } | undefined;
  #moving: Promise<void> = Promise.resolve();

  /** Takes the folder from whoever has it. @throws HoldfastError `HOLDFAST_LOG_CORRUPT` before anything is made */
  static async take(parts: OwnerParts, legacy: Legacy): Promise<FolderOwner> {
    const { fs, dir } = parts;
    await readJournals(fs, dir, legacy.lengths); // what is damaged is told before anything is made
    await fs.makeFolder(`${dir}/objects`);
    const epoch = await takeEpoch(fs, dir);
    const journals = await readJournals(fs, dir, legacy.lengths, epoch);
    for (const journal of journals) await keepTail(fs, dir, journal);
    const owner = new FolderOwner(parts, legacy, epoch, journals);
    owner.#journal = await Journal.start({
      ...parts,
      epoch,
      maxBytes: parts.maxJournalBytes,
      check: () => owner.check(),
      onLeft: (left) => {
        owner.#left.push(left);
        owner.#moveAll().catch((error) => owner.fail(error));
      },
      onFailed: (error) => owner.fail(error),
    });
    try {
      await owner.#begin(journals.flatMap(({ scanned }) => scanned.uncertain));
    } catch (error) {
      await owner.#journal.close();
      throw error;
    }
    return owner;
  }

  private constructor(parts: OwnerParts, legacy: Legacy, epoch: number, journals: readonly ReadJournal[]) {
    this.#parts = parts;
    this.#legacy = legacy;
    this.epoch = epoch;
    this.#epochPath = `${parts.dir}/${epochName(epoch)}`;
    this.#nextEpochPath = `${parts.dir}/${epochName(epoch + 1)}`;
    const { fs, largeBytes } = parts;
    const fail = (cause: unknown) => this.fail(cause);
    this.largeRecords = new LargeRecordFiles({ fs, epoch, largeBytes, fail, orFail: (write) => this.#orFail(write) });
    this.#left = journals.map(({ epoch: of, number, scanned }) => ({ epoch: of, number, length: scanned.durableEnd, ticket: 0 }));
    for (const { scanned } of journals) for (const entry of scanned.entries) this.#note(this.object(entry.objectId), entry, 0);
  }

  /** Rule 2. Until the end of it, whoever looks sees the older owner's journals as they are. */
  async #begin(uncertain: readonly Entry[]): Promise<void> {
    if (uncertain.length > 0) {
      const ticket = this.#journal.push(uncertain);
      for (const entry of uncertain) this.#note(this.object(entry.objectId), entry, ticket);
      await this.durable(ticket);
    }
    await this.#publish();
    this.#publishing -= 1; // it was made when the folder was taken
    await this.#removeOlder();
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failed;
  }

  get fs(): FileSystem {
    return this.#parts.fs;
  }

  /** The objects that this owner knows of: those that were used, and those in the journals. */
  get objects(): ReadonlyMap<string, StoredObject> {
    return this.#objects;
  }

  /** @throws HoldfastError `HOLDFAST_USAGE` for an id that cannot be a folder's name */
  object(objectId: string): StoredObject {
    let object = this.#objects.get(objectId);
    if (!object) {
      object = new StoredObject(objectId, `${this.#parts.dir}/objects/${folderName(objectId)}`);
      object.taken = this.#legacy.taken.get(objectId) ?? 0;
      this.#objects.set(objectId, object);
    }
    return object;
  }

  /** What there is of an object, journal included. */
  async read(object: StoredObject): Promise<ObjectState> {
    const known = recalled(object.remembered, object.version);
    if (known) return known;
    const { version, filesVersion, entries } = object;
    const segments =
      recalled(object.rememberedFiles, filesVersion) ?? (await readSegments(this.#parts.fs, object.folder, this.#legacy.lengths));
    const state = stateOf(segments, entries);
    if (object.filesVersion === filesVersion) object.rememberedFiles = { version: filesVersion, value: new WeakRef(segments) };
    if (object.version === version) object.remembered = { version, value: new WeakRef(state) };
    return state;
  }

  /** The head of an object, and what counts of it; of a long one without reading all. */
  async readEnd(object: StoredObject): Promise<ObjectEnd | ObjectState> {
    return (await readEnd(this.#files(object))) ?? this.read(object);
  }

  /** How its writer, or somebody else in this process, reads an object. */
  readerParts(object: StoredObject): ReaderParts {
    const { folder, pins, reading, discarded } = object;
    return {
      ...{ fs: this.#parts.fs, folder, pins, reading, discarded },
      recordsFrom: (place) => recordsFrom(this.#files(object), place, async () => (await this.read(object)).records),
      placeAt: (wallMs) => placeAt(this.#files(object), wallMs),
    };
  }

  /** Removes a snapshot that is damaged. */
  discardSnapshot({ folder }: StoredObject, name: string): void {
    // It is not offered any more; one that cannot be removed is found damaged again after the next opening of the folder.
    this.#parts.fs.remove(`${folder}/${name}`).catch(() => undefined);
  }

  #files(object: StoredObject): ObjectFiles {
    const { fs, wholeBytes } = this.#parts;
    return { fs, folder: object.folder, pending: object.entries, known: this.#legacy.lengths, wholeBytes };
  }

  /** The same of what is durable. */
  readDurable(object: StoredObject): Promise<ObjectState> {
    const entries = object.pending.filter(({ ticket }) => ticket <= this.durableTicket).map(({ entry }) => entry);
    return readObject(this.#parts.fs, object.folder, entries, this.#legacy.lengths);
  }

  /** Queues entries of one object that become durable together. */
  push(object: StoredObject, entries: readonly Entry[]): number {
    const ticket = this.#journal.push(entries);
    for (const entry of entries) this.#note(object, entry, ticket);
    return ticket;
  }

  /** Removes large records behind the end of a log that nothing was appended to by this owner, and snapshots that were not finished. */
  async removeBehind(object: StoredObject, head: Position): Promise<void> {
    if (object.lastTicket > 0) return;
    this.check();
    await this.#orFail(() => removeBehind(this.#parts.fs, object.folder, this.epoch, head));
  }

  /** Resolves when the entries of a ticket are durable. @throws HoldfastError `HOLDFAST_FENCED`, `HOLDFAST_STORE_FAILED`, as a rejection */
  durable(ticket: number): Promise<void> {
    return this.#journal.durable(ticket);
  }

  get durableTicket(): number {
    return this.#journal.durableTicket;
  }

  /** Whoever takes the folder next takes the next epoch, and older ones are removed in their order: so either that is there, or this one is not. But
   * for a while in which this one's file is written, which may be when others have removed it: then all names are looked at.
   * @throws HoldfastError `HOLDFAST_FENCED` if somebody else has taken the folder; `HOLDFAST_STORE_FAILED` if it cannot be read */
  check(): void {
    const { fs, dir } = this.#parts;
    let isOwned: boolean;
    try {
      isOwned =
        this.#publishing > 0
          ? epochsAmong(fs.namesNow(dir)).at(-1) === this.epoch
          : !fs.isThereNow(this.#nextEpochPath) && fs.isThereNow(this.#epochPath);
    } catch (cause) {
      throw new HoldfastError("HOLDFAST_STORE_FAILED", `The folder ${dir} cannot be read.`, { cause });
    }
    if (!isOwned) {
      throw new HoldfastError(
        "HOLDFAST_FENCED",
        `The folder ${dir} was taken over by another process. Restart the object there.`,
      );
    }
  }

  /** Replaces an object's records by others, durably; what the journal has of it is moved first. To be called when nothing else of the
   * object runs. */
  async rewrite(
    object: StoredObject,
    change: (state: ObjectState) => Promise<Omit<WholeFile, "standsFor" | "waiting">>,
  ): Promise<void> {
    await this.durable(object.lastTicket);
    await this.#orFail(() => this.#move(object));
    const whole = await change(await readObject(this.#parts.fs, object.folder, [], this.#legacy.lengths));
    await this.#orFail(() =>
      writeOwnFile(this.#moveParts, object, {
        ...whole,
        standsFor: { first: 0, last: this.epoch - 1 },
        waiting: () => object.entries,
      }),
    );
  }

  /** Rule 4. */
  async #orFail(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.fail(error);
      throw this.#failed?.error ?? error;
    }
  }

  /** Starts to move what older owners left in journals. Not at once: whoever took the folder wants to open an object. */
  moveLeft(): void {
    if (this.#left.length > 0) this.#moveAll().catch((error) => this.fail(error));
  }

  /** Makes everything durable in the objects' files, and removes the journals. */
  async close(): Promise<void> {
    await this.#journal.close();
    if (!this.#failed) {
      this.#left.push({ ...this.#journal.present, ticket: this.#journal.durableTicket });
      return this.#orFail(() => this.#moveAll());
    }
    // Nothing of this owner's may run beside the next one.
    await this.#moving.catch(() => undefined);
    for (const object of this.#objects.values()) await object.alone(async () => {});
  }

  /** Ends the ownership (rule 3). */
  fail(cause: unknown): void {
    if (this.#failed) return;
    const message = `Writing to ${this.#parts.dir} failed. What was acknowledged is durable; restart the object.`;
    const error = cause instanceof HoldfastError ? cause : new HoldfastError("HOLDFAST_STORE_FAILED", message, { cause });
    this.#failed = { error };
    this.#journal.fail(error);
  }

  /** What the next owner in this process must know. */
  get legacy(): Legacy {
    const { dir } = this.#parts;
    const lengths = new Map(this.#legacy.lengths);
    const { isRelaxed } = this.#parts;
    // Nobody knows how much of a journal is on the disk that was not synced: it is read, and written again.
    const journals = isRelaxed ? this.#left : [...this.#left, this.#journal.present];
    for (const journal of journals) lengths.set(`${dir}/${journalName(journal)}`, journal.length);
    for (const { own, folder } of this.#objects.values())
      if (own) lengths.set(`${folder}/${segmentName(this.epoch)}`, own.length);
    const taken = new Map(this.#legacy.taken);
    for (const object of this.#objects.values()) taken.set(object.objectId, object.taken);
    return { lengths, taken };
  }

  get #moveParts() {
    const { fs, wholeBytes, packing, mergedBytes } = this.#parts;
    return { fs, epoch: this.epoch, known: this.#legacy.lengths, wholeBytes, packing, mergedBytes, check: () => this.check() };
  }

  #note(object: StoredObject, entry: Entry, ticket: number): void {
    object.pending.push({ entry, ticket });
    object.version += 1;
    object.lastTicket = ticket;
    object.isPresent = entry.kind !== "deleted";
    this.#pending.add(object);
  }

  /** Moves what is durable to the objects' files, one round after the other, and removes the journals that nobody needs any more. */
  #moveAll(): Promise<void> {
    this.#moving = this.#moving.then(() => this.#moveRound());
    return this.#moving;
  }

  async #moveRound(): Promise<void> {
    const objects = [...this.#pending];
    const next = async (): Promise<void> => {
      for (let object = objects.pop(); object && !this.#failed; object = objects.pop()) {
        const one = object;
        await one.alone(() => this.#orFail(() => this.#move(one)));
      }
    };
    await Promise.all(Array.from({ length: MOVED_TOGETHER }, () => next().catch(() => undefined))); // whoever fails ends the ownership
    if (this.#failed) throw this.#failed.error;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { pending } of this.#pending) oldest = Math.min(oldest, pending[0]?.ticket ?? oldest);
    const done = this.#left.filter(({ ticket }) => ticket < oldest);
    if (done.length === 0) return;
    this.check();
    this.#left = this.#left.filter((journal) => !done.includes(journal));
    await this.#publish();
    const { fs, dir } = this.#parts;
    for (const journal of done) {
      await fs.remove(`${dir}/${journalName(journal)}`);
      await fs.syncFolder(dir); // before the next: an older one alone would bring back what the next one deleted
    }
  }

  async #move(object: StoredObject): Promise<void> {
    await moveRecords(this.#moveParts, object, this.#journal.durableTicket);
    if (object.pending.length === 0) this.#pending.delete(object);
  }

  /** Says which journals of older owners count. */
  async #publish(): Promise<void> {
    const { fs, dir } = this.#parts;
    const older = this.#left.filter(({ epoch }) => epoch < this.epoch);
    const check = () => this.check();
    this.#publishing += 1;
    await publish(fs, { folder: dir, name: epochName(this.epoch) }, [encodeEpochFile(this.epoch, older)], check);
    check();
    this.#publishing -= 1;
  }

  /** Removes what older owners left that does not count any more. */
  async #removeOlder(): Promise<void> {
    const { fs, dir } = this.#parts;
    const names = await fs.names(dir);
    const counts = new Set(this.#left.map(journalName));
    for (const epoch of epochsAmong(names)) if (epoch < this.epoch) await fs.remove(`${dir}/${epochName(epoch)}`);
    for (const journal of journalsAmong(names)) {
      if (journal.epoch < this.epoch && !counts.has(journalName(journal))) await fs.remove(`${dir}/${journalName(journal)}`);
    }
    await fs.syncFolder(dir);
  }
}

function recalled<T extends object>(remembered: Remembered<T> | undefined, version: number): T | undefined {
  return remembered?.version === version ? remembered.value.deref() : undefined;
}
