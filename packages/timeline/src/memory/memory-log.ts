/** One object of the store in memory, as its writer and its readers see it. */
import { HoldfastError, type Position } from "@holdfast/core/contract";
import {
  comparePositions,
  type Log,
  NO_POSITION,
  type Pin,
  type Place,
  type RecordMeta,
  type Span,
  type StoredSnapshot,
} from "../contract.js";
import { copyBytes } from "../record/copy-bytes.js";
import { readHeader } from "../record/index.js";

export interface MemoryObject {
  epoch: number;
  deleted: boolean;
  records: { readonly position: Position; readonly bytes: Uint8Array }[];
  snapshots: { readonly position: Position; readonly chunks: readonly Uint8Array[] }[];
  pins: Position[];
  /** Records at the start that are another object's. */
  forked: number;
}

export class MemoryLog implements Log {
  readonly epoch: number;
  readonly #object: MemoryObject;
  readonly #objectId: string;
  #failed: HoldfastError | undefined;

  constructor(object: MemoryObject, objectId: string) {
    this.#object = object;
    this.#objectId = objectId;
    this.epoch = object.epoch;
  }

  get isFork(): boolean {
    return this.#object.forked > 0 && this.#object.forked === this.#object.records.length;
  }

  get head(): Position {
    return this.#object.records.at(-1)?.position ?? NO_POSITION;
  }

  append(expectedHead: Position, record: Uint8Array, meta: RecordMeta): void {
    const { head } = this;
    const fenced = this.#object.epoch !== this.epoch;
    if (fenced || head.checksum !== expectedHead.checksum || comparePositions(head, expectedHead) !== 0) {
      this.#failed ??= this.#fenced();
    }
    if (!this.#failed) this.#object.records.push({ position: meta.position, bytes: record });
  }

  async flushed(upTo: Position): Promise<void> {
    if (this.#failed) throw this.#failed;
    if (comparePositions(upTo, this.head) > 0) throw this.#fenced(); // never accepted
  }

  async confirm(): Promise<void> {
    if (this.#object.epoch !== this.epoch) this.#failed ??= this.#fenced();
    if (this.#failed) throw this.#failed;
  }

  async *records(after: Place, upTo: Place = this.head): AsyncGenerator<readonly Uint8Array[]> {
    const isIn = ({ position }: { readonly position: Position }) =>
      comparePositions(position, after) > 0 && comparePositions(position, upTo) <= 0;
    yield this.#object.records.filter(isIn).map(({ bytes }) => bytes);
  }

  async placeAt(wallMs: number): Promise<Place> {
    const { records } = this.#object;
    const isInOrder = records.every(({ position }, i) => i === 0 || position.wallMs >= (records[i - 1]?.position.wallMs ?? 0));
    const found = isInOrder && records.findLast(({ position }) => position.wallMs <= wallMs);
    return found ? found.position : NO_POSITION;
  }

  async snapshot(atOrBefore: Position): Promise<StoredSnapshot | undefined> {
    const found = this.#object.snapshots.findLast(({ position }) => comparePositions(position, atOrBefore) <= 0);
    return found && { position: found.position, chunks: iterate(found.chunks) };
  }

  async pin(at: Position): Promise<Pin> {
    this.#object.pins.push(at);
    return {
      release: () => {
        const index = this.#object.pins.indexOf(at);
        if (index >= 0) this.#object.pins.splice(index, 1);
      },
    };
  }

  async putSnapshot(at: Position, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const copies: Uint8Array[] = [];
    for await (const chunk of chunks) copies.push(copyBytes(chunk));
    this.#object.snapshots.push({ position: at, chunks: copies });
    this.#object.snapshots.sort((a, b) => comparePositions(a.position, b.position));
  }

  async replace(span: Span, records: AsyncIterable<Uint8Array>): Promise<void> {
    const merged: MemoryObject["records"] = [];
    for await (const bytes of records) {
      const header = readHeader(bytes);
      if (!header) throw this.#refused("a record is damaged");
      merged.push({ position: header.position, bytes });
    }
    const { first, last } = span;
    const from = this.#object.records.findIndex(({ position }) => comparePositions(position, first) === 0);
    const to = this.#object.records.findIndex(({ position }) => comparePositions(position, last) === 0);
    if (from < 0 || to < from) throw this.#refused("the span is not retained");
    if (last.epoch >= this.epoch) throw this.#refused("the span reaches into the present epoch");
    const inSpan = (pin: Position) => comparePositions(pin, first) >= 0 && comparePositions(pin, last) <= 0;
    if (this.#object.pins.some(inSpan)) throw this.#refused("the span is pinned");
    this.#object.records.splice(from, to - from + 1, ...merged);
    const { forked } = this.#object;
    if (to < forked) this.#object.forked += merged.length - (to - from + 1);
    else this.#object.forked = Math.min(forked, from);
    this.#object.snapshots = this.#object.snapshots.filter(
      ({ position }) => !inSpan(position) || comparePositions(position, last) === 0,
    );
  }

  async close(): Promise<void> {
    this.#failed ??= new HoldfastError("HOLDFAST_CLOSED", `The log of object '${this.#objectId}' is closed.`);
  }

  #fenced(): HoldfastError {
    return new HoldfastError("HOLDFAST_FENCED", `Object '${this.#objectId}' was opened by another writer. Restart it there.`);
  }

  #refused(why: string): HoldfastError {
    return new HoldfastError("HOLDFAST_USAGE", `Cannot replace records of object '${this.#objectId}': ${why}.`);
  }
}

async function* iterate(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
