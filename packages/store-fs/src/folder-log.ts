/** One object's log as the writer of one epoch sees it: appends go to the folder's journal. */
import {
  comparePositions,
  HoldfastError,
  type Log,
  type Position,
  type RecordMeta,
  type Span,
} from "@holdfast/timeline/contract";
import { readRecord } from "@holdfast/timeline/record";
import { publish } from "./file-system.js";
import { FolderLogReader, snapshotName } from "./folder-log-reader.js";
import type { FolderOwner } from "./folder-owner.js";
import type { Stored } from "./large-record.js";
import type { ObjectState } from "./object-state.js";
import { segmentRecord } from "./segment-file.js";
import type { StoredObject, Writer } from "./stored-object.js";

export class FolderLog extends FolderLogReader implements Log, Writer {
  readonly epoch: number;
  readonly isFork: boolean;
  readonly #owner: FolderOwner;
  readonly #object: StoredObject;
  readonly #onClosed: () => void;
  #appended: Position;
  /** Appended and not known to be durable, in order. */
  #waiting: { readonly position: Position; readonly ticket: number }[] = [];
  #fenced: HoldfastError | undefined;
  #closed: Promise<void> | undefined;

  constructor(owner: FolderOwner, object: StoredObject, state: Pick<ObjectState, "head" | "isFork">, onClosed: () => void) {
    super({ ...owner.readerParts(object), discard: (name) => owner.discardSnapshot(object, name) }, state.head);
    this.#owner = owner;
    this.#object = object;
    this.#onClosed = onClosed;
    this.epoch = object.taken;
    this.isFork = state.isFork;
    this.#appended = state.head;
  }

  override get head(): Position {
    return this.#appended;
  }

  fence(): void {
    const message = `Object '${this.#object.objectId}' was opened by another writer. Restart it there.`;
    this.#fenced ??= new HoldfastError("HOLDFAST_FENCED", message);
  }

  append(expectedHead: Position, record: Uint8Array, meta: RecordMeta): void {
    const matches = comparePositions(expectedHead, this.#appended) === 0 && expectedHead.checksum === this.#appended.checksum;
    if (!matches) this.fence();
    if (this.#closed || this.#fenced) return; // `flushed` says so
    this.#waiting = this.#waiting.filter(({ ticket }) => ticket > this.#owner.durableTicket);
    const { objectId } = this.#object;
    const stored = this.#owner.largeRecords.append(this.#object, record, meta);
    const ticket = this.#owner.push(this.#object, [{ kind: "record", objectId, ...stored }]);
    this.#waiting.push({ position: meta.position, ticket });
    this.#appended = meta.position;
  }

  flushed(upTo: Position): Promise<void> {
    if (comparePositions(upTo, this.#appended) > 0) return Promise.reject(this.#refusal());
    const last = this.#waiting.findLast(({ position }) => comparePositions(position, upTo) <= 0);
    if (last) return this.#owner.durable(last.ticket);
    return this.#owner.failure ? Promise.reject(this.#owner.failure.error) : Promise.resolve();
  }

  async confirm(): Promise<void> {
    if (this.#fenced || this.#closed) throw this.#refusal();
    if (this.#owner.failure) throw this.#owner.failure.error;
    this.#owner.check();
  }

  async putSnapshot(at: Position, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { fs, epoch } = this.#owner;
    const { folder } = this.#object;
    await this.flushed(at);
    await fs.makeFolder(folder);
    try {
      await publish(fs, { folder, name: snapshotName(at, epoch) }, chunks, () => this.#owner.check());
    } catch (error) {
      this.#owner.check(); // whoever took the folder has removed what was not finished
      throw error;
    }
  }

  replace(span: Span, records: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#object.alone(async () => {
      await this.#owner.rewrite(this.#object, async (state) => {
        const { from, to } = this.#spanIn(state, span);
        const isCopied = state.records[to]?.isCopied ?? false;
        const merged = await this.#keepAll(records); // now, that nothing else of the object is moved
        const kept = merged.map(({ header, record }) => segmentRecord(header, record, isCopied));
        const all = [...state.records.slice(0, from), ...kept, ...state.records.slice(to + 1)];
        return { floor: state.floor, records: all, alarmBefore: null };
      });
      await this.#removeSnapshots(span);
    });
  }

  /** What is to be kept of records that stand for others: all, or none of their files. */
  async #keepAll(records: AsyncIterable<Uint8Array>): Promise<Stored[]> {
    const kept: Stored[] = [];
    try {
      for await (const record of records) {
        const found = readRecord(record);
        if (!found) throw this.#object.usage("A record that is to replace others is damaged");
        const { header } = found;
        kept.push({ header, record: await this.#owner.largeRecords.replacement(this.#object, header.position, found.record) });
      }
    } catch (error) {
      for (const { record } of kept) await this.#owner.largeRecords.remove(this.#object, record);
      throw error;
    }
    return kept;
  }

  /** Snapshots inside a span that was replaced are of no use any more. */
  async #removeSnapshots({ first, last }: Span): Promise<void> {
    const { fs, epoch } = this.#owner;
    const { folder } = this.#object;
    const [from, to] = [snapshotName(first, epoch), snapshotName(last, epoch)].map((name) => name.slice(0, 17)) as [
      string,
      string,
    ];
    for (const name of await fs.names(folder)) {
      if (name.endsWith(".snapshot") && name.slice(0, 17) >= from && name.slice(0, 17) < to) await fs.remove(`${folder}/${name}`);
    }
  }

  override close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const last = this.#waiting.at(-1);
    if (last) await this.#owner.durable(last.ticket).catch(() => undefined); // told to whoever waits with `flushed`
    if (this.#object.writer === this) this.#object.writer = undefined;
    this.#onClosed();
  }

  /** Indexes of a span's ends. @throws HoldfastError `HOLDFAST_USAGE` if it cannot be replaced */
  #spanIn({ records }: ObjectState, { first, last }: Span): { from: number; to: number } {
    if (last.epoch >= this.epoch) throw this.#object.usage("A span cannot be replaced that reaches into the present epoch");
    if (this.#object.reading.size > 0) throw this.#object.usage("A span cannot be replaced while the log is read");
    const isIn = (pin: Position) => comparePositions(pin, first) >= 0 && comparePositions(pin, last) <= 0;
    if ([...this.#object.pins].some(isIn)) throw this.#object.usage("A span cannot be replaced that is pinned");
    const from = records.findIndex(({ position }) => comparePositions(position, first) === 0);
    const to = records.findIndex(({ position }) => comparePositions(position, last) === 0);
    if (from < 0 || to < from) throw this.#object.usage("A span cannot be replaced that is not retained");
    if (to === records.length - 1) throw this.#object.usage("The last record cannot be replaced");
    return { from, to };
  }

  #refusal(): HoldfastError {
    if (this.#closed) return new HoldfastError("HOLDFAST_CLOSED", `The log of object '${this.#object.objectId}' is closed.`);
    this.fence(); // a position that was never accepted
    return this.#fenced as HoldfastError;
  }
}
