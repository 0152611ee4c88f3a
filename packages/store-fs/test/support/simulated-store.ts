/** Stores on a simulated disk, as processes that know nothing of each other. */
import { deflateRawSync } from "node:zlib";
import type { FileSystem } from "../../src/file-system.js";
import { FolderStore } from "../../src/folder-store.js";
import type { Packing } from "../../src/grouped-records.js";
import { SharedFolder } from "../../src/shared-folder.js";

export interface SimulatedOptions {
  readonly maxJournalBytes?: number;
  readonly isRelaxed?: boolean;
  readonly wholeBytes?: number;
  readonly largeBytes?: number;
  readonly packing?: Packing;
  readonly mergedBytes?: number;
  hold?(): Promise<() => Promise<void>>;
}

/** Packs groups of so many bytes, at once: the order of a disk's operations shall not depend on threads. */
export function packing(minBytes: number): Packing {
  return { minBytes, deflate: async (bytes) => deflateRawSync(bytes) };
}

/** A store that takes the folder without asking whether somebody lives there. */
export function storeOn(fs: FileSystem, options: SimulatedOptions = {}): FolderStore {
  const sizes = { maxJournalBytes: 1 << 20, wholeBytes: 1 << 20, largeBytes: 1 << 20, mergedBytes: 1 << 20 };
  const defaults = { isRelaxed: false, packing: packing(4096), ...sizes };
  const hold = async () => async () => {};
  return new FolderStore(new SharedFolder({ fs, dir: "/d", hold, ...defaults, ...options }));
}
