/** Durable changes to a folder: every function resolves when what it did survives a power loss. */
import { randomUUID } from "node:crypto";
import { type FileHandle, link, mkdir, open, readFile, rename, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** A file's bytes, not as a Buffer, whose `slice` would be a view. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const buffer = await readFile(path);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Makes a folder and those above it that are missing, each with its entry. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const top = resolve(first);
  for (let made = resolve(folder); made.startsWith(top); made = dirname(made)) await syncFolder(dirname(made));
}

/** Makes a folder's entries durable. Windows cannot open folders; its file systems log such changes in order. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes all bytes at an offset: one call of the system's may write fewer. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, offset + at);
    at += bytesWritten;
  }
}

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Writes a file whole under its name, in place of one that may be there. What the folder already shows is durable before that: the bytes
 * may speak of it. `check` may refuse at the last moment; `keep` takes the open file over. */
export async function publish(
  folder: string,
  name: string,
  chunks: Chunks,
  { check, keep }: { check?: () => void; keep?: (handle: FileHandle) => void } = {},
): Promise<void> {
  await withTemporary(folder, chunks, async (temporary, handle) => {
    await syncFolder(folder);
    check?.();
    await rename(temporary, join(folder, name));
    await syncFolder(folder);
    keep?.(handle);
    return keep !== undefined;
  });
}

/** Writes a file whole under a name that is free; false if it is not. */
export async function publishNew(folder: string, name: string, chunks: Chunks): Promise<boolean> {
  let isNew = true;
  await withTemporary(folder, chunks, async (temporary) => {
    await link(temporary, join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      isNew = false;
    });
    await unlink(temporary);
    await syncFolder(folder);
    return false;
  });
  return isNew;
}

/** Removes files; one that is gone already is no error. */
export async function removeFiles(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await unlink(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
  await syncFolder(folder);
}

/** Writes and syncs a file under a name of its own, and lets `use` give it its place. If anything fails, nothing is left behind.
 * `use` says whether it keeps the handle. */
async function withTemporary(
  folder: string,
  chunks: Chunks,
  use: (temporary: string, handle: FileHandle) => Promise<boolean>,
): Promise<void> {
  const temporary = join(folder, `${randomUUID()}.tmp`);
  const handle = await open(temporary, "wx+");
  let kept = false;
  try {
    let length = 0;
    for await (const chunk of chunks) {
      await writeAll(handle, chunk, length);
      length += chunk.length;
    }
    await handle.sync();
    kept = await use(temporary, handle);
  } catch (error) {
    await unlink(temporary).catch(() => undefined); // it may have been given its place already; the first error is the one to tell
    throw error;
  } finally {
    if (!kept) await handle.close();
  }
}
