/** folder-view.ts
 * The folder as its files show it: which journals count, and what is in them. Changes nothing, and works beside a live owner. */
import { decodeEpochFile, epochName, epochsAmong, type JournalName, journalName, journalsAmong } from "./epoch-file.js";
import type { FileSystem } from "./file-system.js";
import { type ScannedJournal, scanJournal } from "./journal-file.js";
import type { KnownLengths } from "./object-state.js";

export interface ReadJournal extends JournalName {
  readonly bytes: Uint8Array;
  readonly scanned: ScannedJournal;
}

/** The journals that count, in order, below an epoch. `known` are lengths of journals, by path, that this process knows to be durable after
 * a write failed (T16).
 * @throws HoldfastError `HOLDFAST_LOG_CORRUPT` */
export async function readJournals(
  fs: FileSystem,
  dir: string,
  known: KnownLengths = new Map(),
  before: number = Number.POSITIVE_INFINITY,
): Promise<ReadJournal[]> {
  for (;;) {
    const journals = await readListed(fs, dir, await fs.names(dir), known, before);
    if (journals) return journals; // else the owner has removed some meanwhile: what they had is elsewhere
  }
}

/** `undefined` if something that was listed is not there any more. */
async function readListed(
  fs: FileSystem,
  dir: string,
  names: readonly string[],
  known: KnownLengths,
  before: number,
): Promise<ReadJournal[] | undefined> {
  const epochs = epochsAmong(names).filter((epoch) => epoch < before);
  const owner = await newestOwner(fs, dir, epochs);
  if (owner === "gone") return undefined;
  if (!owner) return [];
  const accepted = new Map(owner.accepted.map((journal) => [journalName(journal), journal.length]));
  const journals: ReadJournal[] = [];
  const all = journalsAmong(names);
  for (const [i, name] of all.entries()) {
    const path = `${dir}/${journalName(name)}`;
    const length = accepted.get(journalName(name)) ?? known.get(path);
    if (length === undefined && name.epoch !== owner.epoch) continue; // nobody accepted it
    const bytes = await fs.read(path);
    if (!bytes) return undefined;
    const wasLeft = all[i + 1]?.epoch === name.epoch; // whole and durable, before the next one was made
    journals.push({ ...name, bytes, scanned: scanJournal(path, bytes, length ?? (wasLeft ? bytes.length : undefined)) });
  }
  return journals;
}

async function newestOwner(fs: FileSystem, dir: string, epochs: readonly number[]) {
  for (const epoch of [...epochs].reverse()) {
    const path = `${dir}/${epochName(epoch)}`;
    const bytes = await fs.read(path);
    if (!bytes) return "gone";
    const accepted = decodeEpochFile(path, bytes, epoch);
    if (accepted) return { epoch, accepted };
  }
  return undefined;
}
