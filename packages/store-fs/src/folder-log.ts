/** folder-log.ts
 * One object's log in a folder, as the writer of one epoch sees it.
 *
 *   open: make an empty file of the next epoch, exclusively ──▶ read the older files ──▶ publish over it: header, carried records
 *
 * 1. The empty file is the fence: from then on an older writer's check fails, so what is read afterwards is all it ever acknowledged.
 * 2. The header vouches only for bytes that are known to be durable. Records behind them may have been acknowledged, or may never have
 *    been synced: they are copied, and so durable before anything of this epoch is (T16: what was read may be in the page cache only). */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import {
  comparePositions,
  HoldfastError,
  type Log,
  NO_POSITION,
  type Position,
  type RecordMeta,
  type Span,
} from "@holdfast/timeline/contract";
import { AppendQueue } from "./append-queue.js";
import { makeFolder, publish, removeFiles, writeAll } from "./files.js";
import { FolderLogReader, type ObjectKnowledge, snapshotName } from "./folder-log-reader.js";
import { encodeFileHeader, encodeFooter, FileFlag, recordsIn, type ScannedFile } from "./log-file.js";
import { epochName, type FolderState, newestEpochNow, readFolder } from "./object-folder.js";

interface WriterParts {
  readonly object: ObjectKnowledge;
  readonly epoch: number;
  readonly head: Position;
  readonly isFork: boolean;
  readonly handle: FileHandle;
  readonly length: number;
  onClosed(): void;
}

export class FolderLog extends FolderLogReader implements Log {
  readonly epoch: number;
  readonly isFork: boolean;
  readonly #queue: AppendQueue;
  readonly #handle: FileHandle;
  readonly #onClosed: () => void;
  #appended: Position;
  #closed: Promise<void> | undefined;
  /** Settles when the last replacement has ended: one looks at what another has left. */
  #replacing: Promise<unknown> = Promise.resolve();

  /** @throws HoldfastError `HOLDFAST_LOG_CORRUPT` before anything is made */
  static async open(object: ObjectKnowledge, onClosed: () => void): Promise<FolderLog> {
    const { folder, objectId, known } = object;
    const seen = await readFolder(folder, known);
    await makeFolder(folder);
    let epoch = Math.max(seen.newestEpoch, seen.head.epoch);
    let state = seen;
    do {
      epoch = await takeEpoch(folder, Math.max(epoch, state.head.epoch) + 1);
      state = await readFolder(folder, known, epoch);
    } while (state.head.epoch >= epoch); // a fork came in between, with records of higher epochs
    const chunks = openingFile(epoch, state, objectId);
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    let handle!: FileHandle;
    const keep = (kept: FileHandle) => {
      handle = kept;
    };
    await publish(folder, epochName(epoch), chunks, { keep });
    return new FolderLog({ object, epoch, head: state.head, isFork: state.isFork, handle, length, onClosed });
  }

  private constructor(parts: WriterParts) {
    super(parts.object, parts.head);
    const { object, epoch, handle, length, head } = parts;
    this.epoch = epoch;
    this.isFork = parts.isFork;
    this.#handle = handle;
    this.#onClosed = parts.onClosed;
    this.#appended = head;
    this.#queue = new AppendQueue({
      handle,
      path: join(object.folder, epochName(epoch)),
      start: { length, position: head },
      check: () => this.#assertNewest(),
      onFailed: (durableLength) => object.known.set(epoch, durableLength),
    });
  }

  append(expectedHead: Position, record: Uint8Array, meta: RecordMeta): void {
    if (this.#closed) return; // `flushed` says so: the footer must stay the end of the file
    const matches = comparePositions(expectedHead, this.#appended) === 0 && expectedHead.checksum === this.#appended.checksum;
    if (!matches) this.#queue.fail(this.#fenced());
    this.#queue.push(record, meta.position);
    this.#appended = meta.position;
  }

  async flushed(upTo: Position): Promise<void> {
    if (comparePositions(upTo, this.#appended) > 0) throw this.#closed ? this.#isClosed() : this.#fenced();
    await this.#queue.flushed(upTo);
  }

  async confirm(): Promise<void> {
    await this.#queue.flushed(NO_POSITION);
    this.#assertNewest();
  }

  override async *records(after: Position, upTo: Position = this.#appended): AsyncGenerator<Uint8Array> {
    await this.#queue.flushed(this.#appended);
    yield* super.records(after, upTo);
  }

  async putSnapshot(at: Position, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#queue.flushed(at);
    await publish(this.object.folder, snapshotName(at), chunks);
  }

  replace(span: Span, records: AsyncIterable<Uint8Array>): Promise<void> {
    const result = this.#replacing.then(() => this.#replace(span, records));
    this.#replacing = result.catch(() => undefined); // told to whoever asked; the next one starts all the same
    return result;
  }

  async #replace(span: Span, records: AsyncIterable<Uint8Array>): Promise<void> {
    const { folder, objectId, pins } = this.object;
    if (span.last.epoch >= this.epoch) throw this.#refused("it reaches into the present epoch");
    const inSpan = (pin: Position) => comparePositions(pin, span.first) >= 0 && comparePositions(pin, span.last) <= 0;
    if ([...pins].some(inSpan)) throw this.#refused("it is pinned");
    const { files } = await this.readFolder();
    const touched = files.filter((file) => file.header.epoch < this.epoch && holds(file, span));
    const all = touched.flatMap((file) => [...recordsIn(file)]);
    const has = (wanted: Position) => all.some(({ position }) => comparePositions(position, wanted) === 0);
    const [first, last] = [touched[0], touched.at(-1)];
    if (!first || !last || !has(span.first) || !has(span.last)) throw this.#refused("it is not retained");
    const kept = all.filter(({ position }) => comparePositions(position, span.first) < 0).map(({ record }) => record);
    for await (const record of records) kept.push(record);
    kept.push(...all.filter(({ position }) => comparePositions(position, span.last) > 0).map(({ record }) => record));
    const { firstEpoch } = first.header;
    const accepted = new Map(touched.flatMap((file) => [...file.header.accepted]).filter(([epoch]) => epoch < firstEpoch));
    const { epoch, flags } = last.header;
    const file = wholeFile({ flags: flags & FileFlag.FORK, firstEpoch, epoch, accepted, objectId }, kept);
    await publish(folder, epochName(epoch), file, { check: () => this.#assertNewest() });
    const covered = touched.filter((file) => file !== last);
    await removeFiles(
      folder,
      covered.map((file) => epochName(file.header.epoch)),
    );
  }

  override close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#queue.idle();
    try {
      await this.#queue.flushed(this.#appended);
      this.#assertNewest();
      await writeAll(this.#handle, encodeFooter(this.#queue.length), this.#queue.length);
      await this.#handle.datasync();
    } catch (error) {
      // Whoever waited has been told; without a footer the next opening finds the end by itself.
      this.#queue.fail(error);
    } finally {
      this.#queue.fail(this.#isClosed());
      await this.#handle.close();
      this.#onClosed();
    }
  }

  #assertNewest(): void {
    let newest: number;
    try {
      newest = newestEpochNow(this.object.folder);
    } catch (cause) {
      throw new HoldfastError("HOLDFAST_STORE_FAILED", `The folder ${this.object.folder} cannot be read.`, { cause });
    }
    if (newest !== this.epoch) throw this.#fenced();
  }

  #fenced(): HoldfastError {
    const message = `Object '${this.object.objectId}' was opened by another writer. Restart it there.`;
    return new HoldfastError("HOLDFAST_FENCED", message);
  }

  #isClosed(): HoldfastError {
    return new HoldfastError("HOLDFAST_CLOSED", `The log of object '${this.object.objectId}' is closed.`);
  }

  #refused(why: string): HoldfastError {
    return new HoldfastError("HOLDFAST_USAGE", `Cannot replace that span of object '${this.object.objectId}': ${why}.`);
  }
}

/** A file that holds the records of several epochs and stands for theirs. */
export function wholeFile(header: Parameters<typeof encodeFileHeader>[0], records: readonly Uint8Array[]): Uint8Array[] {
  const start = encodeFileHeader({ ...header, flags: header.flags | FileFlag.WHOLE });
  const length = records.reduce((sum, record) => sum + record.length, start.length);
  return [start, ...records, encodeFooter(length)];
}

/** What an opening publishes: a header that vouches for the older files as far as they are known to be durable, and for this one as far as
 * it is published, and the records behind. */
function openingFile(epoch: number, state: FolderState, objectId: string): Uint8Array[] {
  const carried = state.carried.reduce((sum, record) => sum + record.length, 0);
  const header = (published: number) =>
    encodeFileHeader({
      flags: 0,
      epoch,
      firstEpoch: epoch,
      accepted: new Map([...state.accepted, [epoch, published]]),
      objectId,
    });
  return [header(header(0).length + carried), ...state.carried];
}

/** Makes the empty file of the first epoch that is free, from `epoch` on. */
export async function takeEpoch(folder: string, epoch: number): Promise<number> {
  for (let next = epoch; ; next++) {
    try {
      const handle = await open(join(folder, epochName(next)), "wx");
      await handle.close();
      return next;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // else somebody was faster
    }
  }
}

function holds(file: ScannedFile, span: Span): boolean {
  return [...recordsIn(file)].some(
    ({ position }) => comparePositions(position, span.first) >= 0 && comparePositions(position, span.last) <= 0,
  );
}
