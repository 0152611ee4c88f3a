/** shared-folder.ts
 * A folder as the stores of this process share it. It is taken with the first object that is opened, and given back when the last store is
 * closed. After a failed write it is taken anew, knowing what was durable (T16). */
import { HoldfastError } from "@holdfast/timeline/contract";
import type { FileSystem } from "./file-system.js";
import { FolderOwner, type Legacy, NO_LEGACY, type OwnerParts } from "./folder-owner.js";
import { Meter } from "./metered-file-system.js";
import type { KnownLengths } from "./object-state.js";

export interface SharedFolderParts extends OwnerParts {
  /** Holds the folder against other processes (T17); what is returned lets go of it. */
  hold(): Promise<() => Promise<void>>;
  /** Bytes that the folder may have before nothing more is committed. */
  readonly maxFolderBytes?: number | undefined;
}

export class SharedFolder {
  readonly parts: SharedFolderParts;
  #users = 0;
  #owner: FolderOwner | undefined;
  #legacy: Legacy = NO_LEGACY;
  #meter: Meter | undefined;
  #letGo: (() => Promise<void>) | undefined;
  /** Takings and givings back, one after the other. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(parts: SharedFolderParts) {
    this.parts = parts;
  }

  /** The present owner, if it still is one. */
  get current(): FolderOwner | undefined {
    return this.#owner?.failure ? undefined : this.#owner;
  }

  /** What is known to be durable where a write has failed, by path. */
  get lengths(): KnownLengths {
    return (this.#owner?.failure ? this.#owner.legacy : this.#legacy).lengths;
  }

  get isUsed(): boolean {
    return this.#users > 0;
  }

  use(): void {
    this.#users += 1;
  }

  /** The owner of the folder; takes it if need be. @throws HoldfastError `HOLDFAST_HELD`, `HOLDFAST_LOG_CORRUPT`, `HOLDFAST_STORE_FAILED` */
  owner(): Promise<FolderOwner> {
    return this.#alone(async () => {
      if (this.#owner && !this.#owner.failure) return this.#owner;
      await this.#owner?.close();
      if (this.#owner) this.#legacy = this.#owner.legacy;
      this.#owner = undefined;
      await this.parts.fs.makeFolder(this.parts.dir);
      this.#letGo ??= await this.parts.hold();
      try {
        this.#owner = await FolderOwner.take({ ...this.parts, fs: await this.#measured() }, this.#legacy);
      } catch (cause) {
        if (this.#legacy === NO_LEGACY) await this.#release();
        if (cause instanceof HoldfastError) throw cause;
        throw new HoldfastError("HOLDFAST_STORE_FAILED", `The folder ${this.parts.dir} cannot be used.`, { cause });
      }
      return this.#owner;
    });
  }

  /** To be called once by each user. The last one gives the folder back. */
  leave(): Promise<void> {
    return this.#alone(async () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      try {
        await this.#owner?.close();
      } finally {
        if (this.#owner) this.#legacy = this.#owner.failure ? this.#owner.legacy : NO_LEGACY;
        this.#owner = undefined;
        await this.#release();
      }
    });
  }

  /** Whether so many bytes more may be committed. */
  hasRoom(bytes: number): boolean {
    const { maxFolderBytes } = this.parts;
    return maxFolderBytes === undefined || (this.#meter?.bytes ?? 0) + bytes <= maxFolderBytes;
  }

  async #measured(): Promise<FileSystem> {
    const { fs, dir, maxFolderBytes } = this.parts;
    if (maxFolderBytes === undefined) return fs;
    this.#meter = new Meter();
    await this.#meter.start(fs, dir);
    return this.#meter.over(fs);
  }

  async #release(): Promise<void> {
    const letGo = this.#letGo;
    this.#letGo = undefined;
    await letGo?.();
  }

  #alone<T>(use: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(use);
    this.#busy = result.catch(() => undefined); // told to whoever asked
    return result;
  }
}
