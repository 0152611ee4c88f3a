/** What the store asks of a file system. `node-file-system.ts` is the real one; tests simulate crashes with another.
 *
 * Nothing is durable before it is said to be: bytes of a file after `datasync`, names in a folder after `syncFolder`. */
import type { ScratchFile } from "@holdfast/timeline/contract";

export interface FileSystem {
  /** A file's bytes; `undefined` if it is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** At most `length` bytes from an offset, from the end if the offset is negative; `undefined` if the file is not there. */
  readPart(path: string, offset: number, length: number): Promise<Uint8Array | undefined>;
  /** Bytes of a file; `undefined` if it is not there, or is none. */
  size(path: string): Promise<number | undefined>;
  /** Names in a folder, `[]` if it is not there. */
  names(folder: string): Promise<string[]>;
  /** Names in a folder, at once. @throws if the folder is not there */
  namesNow(folder: string): string[];
  /** Whether a file is there, at once: it stands between a sync and its acknowledgement. @throws if that cannot be told */
  isThereNow(path: string): boolean;
  /** Makes a folder and those above it that are missing, durably. */
  makeFolder(folder: string): Promise<void>;
  /** Opens an empty new file; `undefined` if the name is taken. */
  create(path: string): Promise<WritableFile | undefined>;
  /** Opens a file that is there, to write into it. */
  open(path: string): Promise<WritableFile>;
  /** Gives a file another name, in place of one that may be there. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is gone already is no error. */
  remove(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
  /** Opens a file to be read at once, also when it is removed meanwhile; `undefined` if it is not there. */
  openNow(path: string): ReadableFile | undefined;
  /** Makes a file with these bytes at once, and its folder if it is missing. Nothing of it is durable.
   * @throws if the name is taken, or what the system says */
  createNow(path: string, bytes: Uint8Array): void;
  /** A file that nobody else sees, and that is gone when it is closed, or when the process ends. */
  scratch(folder: string): ScratchFile;
}

export interface ReadableFile {
  readonly bytes: number;
  /** Fills `into` with the bytes from an offset, as far as there are any; how many they were. */
  read(offset: number, into: Uint8Array): number;
  close(): void;
}

export interface WritableFile {
  /** Writes all bytes at an offset. If it is urgent, the process may wait for it. */
  write(bytes: Uint8Array, offset: number, isUrgent?: boolean): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** Writes a file whole under its name, in place of one that may be there. `check` may refuse at the last moment. */
export async function publish(
  fs: FileSystem,
  { folder, name }: { readonly folder: string; readonly name: string },
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  check?: () => void,
): Promise<number> {
  const temporary = `${folder}/${name}.tmp`;
  await fs.remove(temporary); // of a process that died here
  const file = await fs.create(temporary);
  if (!file) throw new Error(`${temporary} is being written by another process`);
  let length = 0;
  try {
    for await (const chunk of inLargeChunks(chunks)) {
      await file.write(chunk, length);
      length += chunk.length;
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  check?.();
  await fs.rename(temporary, `${folder}/${name}`);
  await fs.syncFolder(folder);
  return length;
}

const CHUNK_BYTES = 1 << 20;

/** Each write takes its time, however small it is. */
async function* inLargeChunks(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const together = (): Uint8Array => {
    const all = waiting.length === 1 ? (waiting[0] as Uint8Array) : Buffer.concat(waiting, bytes);
    waiting = [];
    bytes = 0;
    return all;
  };
  for await (const chunk of chunks) {
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes >= CHUNK_BYTES) yield together();
  }
  if (bytes > 0) yield together();
}
