/** append-queue.ts
 * Appends to one file and says when the bytes are durable. Whatever is queued while a sync runs goes into the next one.
 *
 * 1. Bytes are written in the order they were queued, and reported durable in that order.
 * 2. After each sync and before anything is reported, `check` decides whether this writer still may (T18).
 * 3. The first failure is final: nothing is written after it, and every wait fails with it. A failed sync is never repeated (T16). */
import type { FileHandle } from "node:fs/promises";
import { comparePositions, HoldfastError, type Position } from "@holdfast/timeline/contract";
import { writeAll } from "./files.js";

interface Waiter {
  readonly upTo: Position;
  resolve(): void;
  reject(error: unknown): void;
}

export interface AppendQueueParts {
  readonly handle: FileHandle;
  readonly path: string;
  readonly start: { readonly length: number; readonly position: Position };
  /** @throws HoldfastError if this writer no longer owns the object */
  check(): void;
  /** Told how many bytes are known to be durable when a write or a sync failed. */
  onFailed(length: number): void;
}

export class AppendQueue {
  readonly #parts: AppendQueueParts;
  #queued: { readonly bytes: Uint8Array; readonly position: Position }[] = [];
  #waiters: Waiter[] = [];
  #durable: Position;
  #length: number;
  #running: Promise<void> | undefined;
  #failed: { readonly error: unknown } | undefined;

  constructor(parts: AppendQueueParts) {
    this.#parts = parts;
    this.#durable = parts.start.position;
    this.#length = parts.start.length;
  }

  /** Bytes in the file that are durable. */
  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array, position: Position): void {
    if (this.#failed) return;
    this.#queued.push({ bytes, position });
    this.#running ??= this.#run();
  }

  /** Resolves when everything up to a position is durable (rule 1). @throws the failure (rule 3), as a rejection */
  flushed(upTo: Position): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed.error);
    if (comparePositions(upTo, this.#durable) <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ upTo, resolve, reject }));
  }

  /** Makes everything fail with an error, unless it already failed. */
  fail(error: unknown): void {
    this.#failed ??= { error };
    this.#queued = [];
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failed.error);
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#queued.length > 0) await this.#writeAndSync(this.#queued.splice(0));
    } catch (error) {
      this.fail(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #writeAndSync(batch: readonly { readonly bytes: Uint8Array; readonly position: Position }[]): Promise<void> {
    const { handle, path, check, onFailed } = this.#parts;
    const bytes = Buffer.concat(batch.map((part) => part.bytes));
    try {
      await writeAll(handle, bytes, this.#length);
      await handle.datasync();
    } catch (cause) {
      onFailed(this.#length);
      const message = `Writing ${path} failed. What was acknowledged is durable; restart the object.`;
      throw new HoldfastError("HOLDFAST_STORE_FAILED", message, { cause });
    }
    check();
    this.#length += bytes.length;
    const last = batch.at(-1);
    if (last) this.#durable = last.position;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => comparePositions(waiter.upTo, this.#durable) > 0);
    for (const waiter of waiters) if (comparePositions(waiter.upTo, this.#durable) <= 0) waiter.resolve();
  }
}
