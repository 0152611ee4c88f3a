/** image/scratch-pages.ts
 * Pages in a scratch file, each in a slot. An image and the views that were frozen of it share them; the last one closes the file.
 *
 * A slot that is left can be written again when nobody else is there who may read it. One that was left by somebody who is gone stays as it is. */
import { PAGE_SIZE, type ScratchFile } from "@holdfast/core/contract";

export class ScratchPages {
  readonly #file: ScratchFile;
  readonly #users = new Set<object>();
  #slots = 0;
  readonly #free: number[] = [];
  /** Slots that others may still read, and who left them. */
  readonly #left = new Map<number, object>();

  constructor(file: ScratchFile, user: object) {
    this.#file = file;
    this.#users.add(user);
  }

  share(user: object): this {
    this.#users.add(user);
    return this;
  }

  read(slot: number, into: Uint8Array): void {
    this.#file.read(slot * PAGE_SIZE, into);
  }

  /** Keeps a page; its slot. */
  write(page: Uint8Array): number {
    const slot = this.#free.pop() ?? this.#slots++;
    this.#file.write(slot * PAGE_SIZE, page);
    return slot;
  }

  leave(slot: number, user: object): void {
    if (this.#users.size === 1) this.#free.push(slot);
    else this.#left.set(slot, user);
  }

  close(user: object): void {
    if (!this.#users.delete(user)) return;
    if (this.#users.size === 0) this.#file.close();
    if (this.#users.size !== 1) return;
    for (const [slot, by] of this.#left) if (this.#users.has(by)) this.#free.push(slot);
    this.#left.clear();
  }
}
