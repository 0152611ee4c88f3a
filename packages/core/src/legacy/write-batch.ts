/** Writes that become durable together. */
import type { KvBatch } from "../contract/index.js";
import type { Hold } from "../gate/output-gate.js";
import { fromByteText } from "./byte-text.js";

/** A stored value's bytes; `null`: there is none. */
export type Value = Uint8Array | null;

export interface Write {
  readonly value: Value;
  /** Not to be kept in memory once it is durable. */
  readonly noCache: boolean;
}

/** About what an entry takes beside its bytes. */
const ENTRY_BYTES = 64;

export class WriteBatch {
  readonly writes: Map<string, Write> = new Map();
  /** `undefined`: unchanged. */
  alarm: number | null | undefined;
  name: string | undefined;
  /** Of the output gate, if something in it is worth waiting for. */
  hold: Hold | undefined;
  readonly done: Promise<void>;
  resolve!: () => void;
  reject!: (error: unknown) => void;
  #bytes = 0;

  constructor() {
    this.done = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.done.catch(() => undefined); // told to whoever waits, and to every later call
  }

  get isEmpty(): boolean {
    return this.writes.size === 0 && this.alarm === undefined;
  }

  get bytes(): number {
    return this.#bytes;
  }

  set(key: string, write: Write): void {
    const before = this.writes.get(key);
    if (before) this.#bytes -= sizeOf(key, before.value);
    this.writes.delete(key); // the order is that of the last writes
    this.writes.set(key, write);
    this.#bytes += sizeOf(key, write.value);
  }

  /** It is durable: what waits for that goes on. */
  finish(): void {
    this.resolve();
    this.hold?.release();
  }

  toStore(): KvBatch {
    const puts: [Uint8Array, Uint8Array][] = [];
    const deletes: Uint8Array[] = [];
    for (const [key, { value }] of this.writes) {
      if (value) puts.push([fromByteText(key), value]);
      else deletes.push(fromByteText(key));
    }
    const { alarm, name } = this;
    return { puts, deletes, ...(alarm !== undefined && { alarm }), ...(name !== undefined && { name }) };
  }
}

export function sizeOf(key: string, value: Value): number {
  return ENTRY_BYTES + key.length + (value?.length ?? 0);
}
