/** The first steps of whoever takes a folder. */
import { epochName, epochsAmong, journalName } from "./epoch-file.js";
import { type FileSystem, publish } from "./file-system.js";
import type { ReadJournal } from "./folder-view.js";

/** Makes the empty file of the first epoch that is free. */
export async function takeEpoch(fs: FileSystem, dir: string): Promise<number> {
  for (;;) {
    const epoch = (epochsAmong(await fs.names(dir)).at(-1) ?? 0) + 1;
    const file = await fs.create(`${dir}/${epochName(epoch)}`);
    if (!file) continue; // somebody was faster
    await file.close();
    await fs.syncFolder(dir);
    // Between the list and this, others may have come, and have removed one of this name as an older one.
    if (epochsAmong(await fs.names(dir)).at(-1) === epoch) return epoch;
    await fs.remove(`${dir}/${epochName(epoch)}`);
  }
}

/** Keeps a copy of bytes at a journal's end that do not count (T6). */
export async function keepTail(fs: FileSystem, dir: string, journal: ReadJournal): Promise<void> {
  const { bytes, scanned } = journal;
  if (scanned.end === bytes.length) return;
  await fs.makeFolder(`${dir}/lost+found`);
  const name = `${journalName(journal)}-${scanned.end}`;
  await publish(fs, { folder: `${dir}/lost+found`, name }, [bytes.subarray(scanned.end)]);
}
