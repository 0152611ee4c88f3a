/** Stores on a simulated disk, as processes that know nothing of each other. */
import type { FileSystem } from "../../src/file-system.js";
import { FolderStore } from "../../src/folder-store.js";
import { SharedFolder } from "../../src/shared-folder.js";

export interface SimulatedOptions {
  readonly maxJournalBytes?: number;
  readonly isRelaxed?: boolean;
  readonly wholeBytes?: number;
  readonly largeBytes?: number;
  hold?(): Promise<() => Promise<void>>;
}

/** A store that takes the folder without asking whether somebody lives there. */
export function storeOn(fs: FileSystem, options: SimulatedOptions = {}): FolderStore {
  const defaults = { maxJournalBytes: 1 << 20, isRelaxed: false, wholeBytes: 1 << 20, largeBytes: 1 << 20 };
  const hold = async () => async () => {};
  return new FolderStore(new SharedFolder({ fs, dir: "/d", hold, ...defaults, ...options }));
}
