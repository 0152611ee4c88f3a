/** metered-file-system.ts
 * A file system that knows how many bytes the files of a folder have, as its only writer sees it. Scratch files do not count: they are gone when the
 * process is. */
import type { FileSystem, WritableFile } from "./file-system.js";

export class Meter {
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  /** Of all files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Measures what is there. To be called before anything is written. */
  async start(fs: FileSystem, dir: string): Promise<void> {
    for (const folder of [dir, `${dir}/lost+found`]) await this.#add(fs, folder);
    for (const name of await fs.names(`${dir}/objects`)) await this.#add(fs, `${dir}/objects/${name}`);
  }

  async #add(fs: FileSystem, folder: string): Promise<void> {
    for (const name of await fs.names(folder)) this.#set(`${folder}/${name}`, (await fs.size(`${folder}/${name}`)) ?? 0);
  }

  /** The same file system, measured. */
  over(fs: FileSystem): FileSystem {
    const measured = (path: string, file: WritableFile): WritableFile => ({
      write: async (bytes, offset, isUrgent) => {
        await file.write(bytes, offset, isUrgent);
        this.#set(path, Math.max(this.#sizes.get(path) ?? 0, offset + bytes.length));
      },
      datasync: () => file.datasync(),
      close: () => file.close(),
    });
    return {
      ...fs,
      create: async (path) => {
        const file = await fs.create(path);
        return file && measured(path, file);
      },
      open: async (path) => measured(path, await fs.open(path)),
      createNow: (path, bytes) => {
        fs.createNow(path, bytes);
        this.#set(path, bytes.length);
      },
      rename: async (from, to) => {
        await fs.rename(from, to);
        this.#set(to, this.#sizes.get(from) ?? 0);
        this.#set(from, 0);
      },
      remove: async (path) => {
        await fs.remove(path);
        this.#set(path, 0);
      },
    };
  }

  #set(path: string, bytes: number): void {
    this.#bytes += bytes - (this.#sizes.get(path) ?? 0);
    if (bytes > 0) this.#sizes.set(path, bytes);
    else this.#sizes.delete(path);
  }
}
