/** The file system of Node. */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fdatasync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ScratchFile } from "@holdfast/timeline/contract";
import type { FileSystem, ReadableFile, WritableFile } from "./file-system.js";

export const nodeFileSystem: FileSystem = {
  read: (path) => readRange(path, (size) => ({ from: 0, length: size })),
  readPart: (path, offset, length) =>
    readRange(path, (size) => ({ from: offset < 0 ? Math.max(0, size + offset) : offset, length })),
  size: async (path) => {
    const found = await unlessMissing(stat(path));
    return found?.isFile() ? found.size : undefined;
  },
  names: async (folder) => (await unlessMissing(readdir(folder))) ?? [],
  namesNow: (folder) => readdirSync(folder),
  isThereNow: (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
  makeFolder: async (folder) => {
    const first = await mkdir(folder, { recursive: true });
    if (first === undefined) return;
    const top = resolve(first);
    for (let made = resolve(folder); made.startsWith(top); made = dirname(made)) await syncFolder(dirname(made));
  },
  create: async (path) => {
    try {
      return new NodeFile(await open(path, "wx"));
    } catch (error) {
      if (codeOf(error) === "EEXIST") return undefined;
      throw error;
    }
  },
  open: async (path) => new NodeFile(await open(path, "r+")),
  rename,
  remove: async (path) => void (await unlessMissing(unlink(path))),
  syncFolder,
  openNow: (path) => {
    try {
      return new OpenFile(openSync(path, "r"));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  },
  createNow: (path, bytes) => {
    mkdirSync(dirname(path), { recursive: true });
    const descriptor = openSync(path, "wx");
    try {
      writeNow(descriptor, bytes, 0);
    } finally {
      closeSync(descriptor);
    }
  },
  scratch: (folder) => {
    mkdirSync(folder, { recursive: true });
    return new Scratch(`${folder}/${randomUUID()}`);
  },
};

class OpenFile implements ReadableFile {
  readonly bytes: number;
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.bytes = fstatSync(descriptor).size;
  }

  read(offset: number, into: Uint8Array): number {
    return readNow(this.#descriptor, offset, into);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Windows keeps the names of open files: there it is removed at the end. */
class Scratch implements ScratchFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(path, "wx+");
    if (process.platform !== "win32") rmSync(path);
  }

  read(offset: number, into: Uint8Array): void {
    readNow(this.#descriptor, offset, into);
  }

  write(offset: number, bytes: Uint8Array): void {
    writeNow(this.#descriptor, bytes, offset);
  }

  close(): void {
    closeSync(this.#descriptor);
    rmSync(this.#path, { force: true });
  }
}

/** One call of the system's may write fewer bytes than it is given. */
function writeNow(descriptor: number, bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, offset + at);
}

function readNow(descriptor: number, offset: number, into: Uint8Array): number {
  let read = 0;
  for (let count = -1; count !== 0 && read < into.length; read += count) {
    count = readSync(descriptor, into, read, into.length - read, offset + read);
  }
  return read;
}

/** What an urgent write may have to be made at once. */
const AT_ONCE_BYTES = 1 << 16;

class NodeFile implements WritableFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Handing few bytes to another thread takes longer than putting them into the page cache. One call of the system's may write fewer bytes than it is
   * given. */
  async write(bytes: Uint8Array, offset: number, isUrgent = false): Promise<void> {
    if (isUrgent && bytes.length <= AT_ONCE_BYTES) return writeNow(this.#handle.fd, bytes, offset);
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, offset + at);
      at += bytesWritten;
    }
  }

  /** By the file's number, which is a shorter way than the handle's own. */
  datasync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#handle.fd, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Windows cannot open folders; its file systems log such changes in order. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** In as few calls as the system allows: `readFile` takes one for every 512 KiB. */
async function readRange(
  path: string,
  range: (size: number) => { readonly from: number; readonly length: number },
): Promise<Uint8Array | undefined> {
  const handle = await unlessMissing(open(path, "r"));
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    const { from, length } = range(size);
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - from)));
    let read = 0;
    while (read < bytes.length) {
      const { bytesRead } = await handle.read(bytes, read, Math.min(bytes.length - read, MAX_READ), from + read);
      if (bytesRead === 0) break; // cut off meanwhile
      read += bytesRead;
    }
    return bytes.subarray(0, read);
  } finally {
    await handle.close();
  }
}

/** The system refuses to read 2 GiB at once. */
const MAX_READ = 1 << 30;

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
