/** One object's log in a folder, as readers and its writer see it. */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  comparePositions,
  HoldfastError,
  type Log,
  type LogReader,
  NO_POSITION,
  type Pin,
  type Position,
  type RecordMeta,
  type Span,
} from "@holdfast/timeline/contract";
import { readHeader } from "@holdfast/timeline/record";
import { AppendQueue } from "./append-queue.js";
import { encodeFileHeader, encodeFooter, FileFlag, recordsIn, type ScannedFile } from "./log-file.js";
import {
  epochName,
  makeFolder,
  newestEpochNow,
  publish,
  readBytes,
  readFolder,
  removeFiles,
  syncFolder,
} from "./object-folder.js";

const SNAPSHOT = /^([0-9a-f]{8})-([0-9a-f]{8})\.snapshot$/;

/** Reads a log. A reader sees what is in the files when it asks, up to the head it was opened with. */
export class FolderLogReader implements LogReader {
  readonly head: Position;
  protected readonly folder: string;
  protected readonly objectId: string;
  protected readonly pins: Set<Position>;

  constructor(folder: string, objectId: string, head: Position, pins: Set<Position>) {
    this.folder = folder;
    this.objectId = objectId;
    this.head = head;
    this.pins = pins;
  }

  async *records(after: Position, upTo: Position = this.head): AsyncGenerator<Uint8Array> {
    const { files } = await readFolder(this.folder);
    for (const file of files) {
      for (const { position, record } of recordsIn(file)) {
        if (comparePositions(position, after) > 0 && comparePositions(position, upTo) <= 0) yield record;
      }
    }
  }

  async snapshot(atOrBefore: Position): Promise<{ position: Position; chunks: AsyncIterable<Uint8Array> } | undefined> {
    const names = (await readdir(this.folder).catch(emptyIfMissing)).filter((name) => SNAPSHOT.test(name)).sort();
    for (const name of names.reverse()) {
      const [, epoch, sequence] = SNAPSHOT.exec(name) as unknown as [string, string, string];
      const wanted = { ...NO_POSITION, epoch: Number.parseInt(epoch, 16), sequence: Number.parseInt(sequence, 16) };
      if (comparePositions(wanted, atOrBefore) > 0) continue;
      const position = await this.#positionAt(wanted);
      if (position) return { position, chunks: readWhole(join(this.folder, name)) };
    }
    return undefined;
  }

  async pin(at: Position): Promise<Pin> {
    const own = { ...at };
    this.pins.add(own);
    return { release: () => void this.pins.delete(own) };
  }

  async close(): Promise<void> {}

  async #positionAt(wanted: Position): Promise<Position | undefined> {
    for await (const record of this.records(NO_POSITION, wanted)) {
      const position = readHeader(record)?.position;
      if (position && comparePositions(position, wanted) === 0) return position;
    }
    return undefined;
  }
}

/** The writer of one epoch. */
export class FolderLog extends FolderLogReader implements Log {
  readonly epoch: number;
  readonly #queue: AppendQueue;
  readonly #handle: {
    close(): Promise<void>;
    write(bytes: Uint8Array, at: number, length: number, position: number): Promise<unknown>;
    datasync(): Promise<void>;
  };
  readonly #onClosed: () => void;
  #appended: Position;
  #closed: Promise<void> | undefined;

  /** Takes the next epoch (T18): creates its file exclusively, reads the older ones, and durably says how much of each counts. */
  static async open(
    root: string,
    folder: string,
    objectId: string,
    pins: Set<Position>,
    onClosed: () => void,
  ): Promise<FolderLog> {
    await makeFolder(folder, root);
    const seen = await readFolder(folder); // refuses a damaged log before anything is made
    let epoch = seen.newestEpoch + 1;
    for (;;) {
      const path = join(folder, epochName(epoch));
      const handle = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") return undefined;
        throw error;
      });
      if (!handle) {
        epoch += 1; // somebody else was faster
        continue;
      }
      try {
        await syncFolder(folder);
        const state = await readFolder(folder, epoch);
        const header = encodeFileHeader({ flags: 0, epoch, firstEpoch: epoch, accepted: state.accepted, objectId });
        await handle.write(header, 0, header.length, 0);
        await handle.datasync();
        return new FolderLog({ folder, objectId, epoch, pins, handle, path, length: header.length, head: state.head, onClosed });
      } catch (error) {
        await handle.close();
        throw error;
      }
    }
  }

  private constructor(parts: {
    folder: string;
    objectId: string;
    epoch: number;
    pins: Set<Position>;
    handle: import("node:fs/promises").FileHandle;
    path: string;
    length: number;
    head: Position;
    onClosed: () => void;
  }) {
    super(parts.folder, parts.objectId, parts.head, parts.pins);
    this.epoch = parts.epoch;
    this.#handle = parts.handle;
    this.#onClosed = parts.onClosed;
    this.#appended = parts.head;
    this.#queue = new AppendQueue({
      handle: parts.handle,
      path: parts.path,
      start: { length: parts.length, position: parts.head },
      check: () => this.#assertNewest(),
    });
  }

  append(expectedHead: Position, record: Uint8Array, meta: RecordMeta): void {
    const matches = comparePositions(expectedHead, this.#appended) === 0 && expectedHead.checksum === this.#appended.checksum;
    if (!matches) this.#queue.fail(this.#fenced());
    this.#queue.push(record, meta.position);
    this.#appended = meta.position;
  }

  flushed(upTo: Position): Promise<void> {
    return this.#queue.flushed(upTo);
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
    const name = `${epochName(at.epoch).slice(0, 8)}-${epochName(at.sequence).slice(0, 8)}.snapshot`;
    await publish(this.folder, name, chunks);
  }

  async replace(span: Span, records: AsyncIterable<Uint8Array>): Promise<void> {
    if (span.last.epoch >= this.epoch) throw this.#refused("it reaches into the present epoch");
    const inSpan = (pin: Position) => comparePositions(pin, span.first) >= 0 && comparePositions(pin, span.last) <= 0;
    if ([...this.pins].some(inSpan)) throw this.#refused("it is pinned");
    const { files } = await readFolder(this.folder);
    const touched = files.filter((file) => file.last && holds(file, span));
    const all = touched.flatMap((file) => [...recordsIn(file)]);
    const has = (wanted: Position) => all.some(({ position }) => comparePositions(position, wanted) === 0);
    const [first, last] = [touched[0], touched.at(-1)];
    if (!first || !last || !has(span.first) || !has(span.last)) throw this.#refused("it is not retained");
    const kept = [...all.filter(({ position }) => comparePositions(position, span.first) < 0)].map(({ record }) => record);
    for await (const record of records) kept.push(record);
    kept.push(...all.filter(({ position }) => comparePositions(position, span.last) > 0).map(({ record }) => record));
    await publishWhole(this.folder, this.objectId, { firstEpoch: first.header.firstEpoch, epoch: last.header.epoch }, kept);
    const covered = touched.filter((file) => file !== last);
    await removeFiles(
      this.folder,
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
      const footer = encodeFooter(this.#queue.length);
      await this.#handle.write(footer, 0, footer.length, this.#queue.length);
      await this.#handle.datasync();
    } catch (error) {
      // The failure has been told to everyone who waited; without a footer the next opening finds the end by itself.
      this.#queue.fail(error);
    } finally {
      this.#queue.fail(new HoldfastError("HOLDFAST_CLOSED", `The log of object '${this.objectId}' is closed.`));
      await this.#handle.close();
      this.#onClosed();
    }
  }

  #assertNewest(): void {
    if (newestEpochNow(this.folder) !== this.epoch) throw this.#fenced();
  }

  #fenced(): HoldfastError {
    return new HoldfastError("HOLDFAST_FENCED", `Object '${this.objectId}' was opened by another writer. Restart it there.`);
  }

  #refused(why: string): HoldfastError {
    return new HoldfastError("HOLDFAST_USAGE", `Cannot replace that span of object '${this.objectId}': ${why}.`);
  }
}

/** Writes a file that holds the records of several epochs and stands for theirs. */
export async function publishWhole(
  folder: string,
  objectId: string,
  epochs: { readonly firstEpoch: number; readonly epoch: number },
  records: readonly Uint8Array[],
): Promise<void> {
  const header = encodeFileHeader({ flags: FileFlag.WHOLE, ...epochs, accepted: new Map(), objectId });
  const length = records.reduce((sum, record) => sum + record.length, header.length);
  await publish(folder, epochName(epochs.epoch), [header, ...records, encodeFooter(length)]);
}

function holds(file: ScannedFile, span: Span): boolean {
  return file.header.epoch >= span.first.epoch && file.header.firstEpoch <= span.last.epoch;
}

async function* readWhole(path: string): AsyncGenerator<Uint8Array> {
  yield await readBytes(path);
}

function emptyIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
