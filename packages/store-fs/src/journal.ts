/** journal.ts
 * The journals of one owner of a folder: what all objects append goes into one file, and one sync serves everybody who waits.
 *
 * 1. What is pushed while a batch is being written and synced goes into the next one. Batches become durable in order, each whole.
 * 2. After each sync and before anything is reported, `check` decides whether this owner still is the owner (T18).
 * 3. The first failure is final: nothing is written after it, and every wait fails with it. A failed sync is never repeated, and what is
 *    durable is what was known to be before, not what the file says (T16).
 * 4. A journal that has grown long is left for a new one. */
import { HoldfastError } from "@holdfast/timeline/contract";
import { type JournalName, journalName } from "./epoch-file.js";
import type { FileSystem, WritableFile } from "./file-system.js";
import { type Entry, encodeBatch, encodeJournalHeader, JOURNAL_HEADER_BYTES } from "./journal-file.js";

/** Units that do not fit wait for the next batch. */
const MAX_BATCH_BYTES = 32 << 20;

export interface JournalParts {
  readonly fs: FileSystem;
  readonly dir: string;
  readonly epoch: number;
  /** Reports what is written, without waiting for the disk. */
  readonly isRelaxed: boolean;
  /** A journal that is longer is left. */
  readonly maxBytes: number;
  /** @throws HoldfastError if somebody else owns the folder */
  check(): void;
  /** A journal was left behind, with everything up to a ticket. */
  onLeft(journal: JournalName & { readonly length: number; readonly ticket: number }): void;
  onFailed(error: unknown): void;
}

interface Waiting {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

export class Journal {
  readonly #parts: JournalParts;
  #name: JournalName;
  #file: WritableFile;
  /** Bytes that are written, and of those, bytes that are durable. */
  #length = JOURNAL_HEADER_BYTES;
  #synced = JOURNAL_HEADER_BYTES;
  #queued: (readonly Entry[])[] = [];
  /** How many units were pushed, and how many of them are durable: a unit's number is its ticket. */
  #pushed = 0;
  #durable = 0;
  readonly #waiting = new Map<number, Waiting>();
  #running: Promise<void> | undefined;
  #failed: { readonly error: unknown } | undefined;

  static async start(parts: JournalParts): Promise<Journal> {
    const name = { epoch: parts.epoch, number: 1 };
    return new Journal(parts, name, await create(parts, name));
  }

  private constructor(parts: JournalParts, name: JournalName, file: WritableFile) {
    this.#parts = parts;
    this.#name = name;
    this.#file = file;
  }

  /** The ticket of the last unit that is durable. */
  get durableTicket(): number {
    return this.#durable;
  }

  /** The journal that is being written, and how much of it is durable. */
  get present(): JournalName & { readonly length: number } {
    return { ...this.#name, length: this.#length };
  }

  /** Queues entries that become durable together; the ticket to wait with. */
  push(entries: readonly Entry[]): number {
    this.#pushed += 1;
    if (!this.#failed) {
      this.#queued.push(entries);
      this.#running ??= this.#run();
    }
    return this.#pushed;
  }

  /** Resolves when the unit of a ticket is durable, and so everything before it (rule 1). @throws the failure (rule 3), as a rejection */
  durable(ticket: number): Promise<void> {
    if (ticket <= this.#durable) return Promise.resolve();
    if (this.#failed) return Promise.reject(this.#failed.error);
    return this.#waitingFor(ticket).promise;
  }

  /** Makes everything fail with an error, unless it already failed. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = { error };
    this.#queued = [];
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#parts.onFailed(error);
  }

  /** Writes what is queued, and closes the file. */
  async close(): Promise<void> {
    while (this.#running) await this.#running;
    await this.#file.close();
  }

  #waitingFor(ticket: number): Waiting {
    let waiting = this.#waiting.get(ticket);
    if (!waiting) {
      let settle!: Pick<Waiting, "resolve" | "reject">;
      const promise = new Promise<void>((resolve, reject) => {
        settle = { resolve, reject };
      });
      promise.catch(ignoreUntilAwaited);
      waiting = { promise, ...settle };
      this.#waiting.set(ticket, waiting);
    }
    return waiting;
  }

  async #run(): Promise<void> {
    try {
      while (this.#queued.length > 0) {
        await this.#writeBatch();
        if (this.#length > this.#parts.maxBytes) await this.#leave();
      }
    } catch (cause) {
      this.fail(cause instanceof HoldfastError ? cause : this.#writeFailed(cause));
    } finally {
      this.#running = undefined;
    }
  }

  async #writeBatch(): Promise<void> {
    const { check, isRelaxed } = this.#parts;
    const units = this.#takeUnits();
    for (const unit of units) for (const entry of unit) if ("ready" in entry) await entry.ready;
    const bytes = encodeBatch(units.flat(), this.#length, this.#synced);
    await this.#file.write(bytes, this.#length, !isRelaxed);
    if (!isRelaxed) await this.#file.datasync();
    check();
    if (this.#failed) return;
    this.#length += bytes.length;
    if (!isRelaxed) this.#synced = this.#length;
    this.#durable += units.length;
    for (const [ticket, { resolve }] of this.#waiting) {
      if (ticket > this.#durable) continue;
      this.#waiting.delete(ticket);
      resolve();
    }
  }

  /** The next units, in order. */
  #takeUnits(): (readonly Entry[])[] {
    let bytes = 0;
    const fits = this.#queued.findIndex((unit) => {
      bytes += unit.reduce((sum, entry) => sum + ("record" in entry ? entry.record.length : 0), 0);
      return bytes > MAX_BATCH_BYTES;
    });
    return this.#queued.splice(0, fits < 0 ? this.#queued.length : Math.max(1, fits));
  }

  async #leave(): Promise<void> {
    if (this.#parts.isRelaxed) await this.#file.datasync();
    const left = { ...this.present, ticket: this.#durable };
    const name = { epoch: this.#name.epoch, number: this.#name.number + 1 };
    const file = await create(this.#parts, name);
    await this.#file.close();
    this.#name = name;
    this.#file = file;
    this.#length = JOURNAL_HEADER_BYTES;
    this.#synced = JOURNAL_HEADER_BYTES;
    this.#parts.onLeft(left);
  }

  #writeFailed(cause: unknown): HoldfastError {
    const message = `Writing ${journalName(this.#name)} in ${this.#parts.dir} failed. What was acknowledged is durable; restart the object.`;
    return new HoldfastError("HOLDFAST_STORE_FAILED", message, { cause });
  }
}

async function create({ fs, dir }: JournalParts, name: JournalName): Promise<WritableFile> {
  const path = `${dir}/${journalName(name)}`;
  const file = await fs.create(path);
  if (!file) throw new Error(`${path} is there already`);
  await file.write(encodeJournalHeader(name), 0);
  await file.datasync();
  await fs.syncFolder(dir);
  return file;
}

function ignoreUntilAwaited(): void {}
