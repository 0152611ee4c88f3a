/** The file system of Node. */
import { readdirSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { FileSystem, WritableFile } from "./file-system.js";

export const nodeFileSystem: FileSystem = {
  read: (path) => unlessMissing(readFile(path).then(bytesOf)),
  readPart: async (path, offset, length) => {
    const handle = await unlessMissing(open(path, "r"));
    if (!handle) return undefined;
    try {
      const from = offset < 0 ? Math.max(0, (await handle.stat()).size + offset) : offset;
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, from);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  },
  names: async (folder) => (await unlessMissing(readdir(folder))) ?? [],
  namesNow: (folder) => readdirSync(folder),
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
};

class NodeFile implements WritableFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** One call of the system's may write fewer bytes than it is given. */
  async write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, offset + at);
      at += bytesWritten;
    }
  }

  datasync(): Promise<void> {
    return this.#handle.datasync();
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

/** Not as a Buffer, whose `slice` would be a view. */
const bytesOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
