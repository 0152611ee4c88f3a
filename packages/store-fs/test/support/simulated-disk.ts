/** support/simulated-disk.ts
 * A file system in memory that remembers every operation, so that the disk can be looked at as it would be after a power loss anywhere.
 *
 * What is not synced may be there or not: each write, each of its sectors, each name in a folder, by itself. What is synced is there. */
import { scratchInMemory } from "../../../../test/support/scratch-in-memory.js";
import type { FileSystem, WritableFile } from "../../src/file-system.js";

const SECTOR = 512;

type Operation =
  | { readonly kind: "write"; readonly file: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "datasync"; readonly file: number }
  | { readonly kind: "name"; readonly folder: string; readonly name: string; readonly file: number | undefined }
  | { readonly kind: "syncFolder"; readonly folder: string };

/** Decides what becomes of something that was not synced. */
export interface Fate {
  /** Whether a write, or a name, is there at all. */
  isKept(): boolean;
  /** Whether a sector of a write that is there is there. */
  isSectorKept(): boolean;
}

export const KEEP_ALL: Fate = { isKept: () => true, isSectorKept: () => true };
export const DROP_ALL: Fate = { isKept: () => false, isSectorKept: () => false };

export class SimulatedDisk {
  readonly operations: Operation[] = [];
  /** Contents by number of the file, names by folder. */
  readonly #start: {
    readonly files: ReadonlyMap<number, Uint8Array>;
    readonly folders: ReadonlyMap<string, ReadonlyMap<string, number>>;
  };
  readonly #files = new Map<number, Uint8Array>();
  readonly #folders = new Map<string, Map<string, number>>();
  #nextFile: number;

  constructor(
    files: ReadonlyMap<number, Uint8Array> = new Map(),
    folders: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map(),
  ) {
    this.#start = { files, folders };
    for (const [file, bytes] of files) this.#files.set(file, bytes);
    for (const [folder, names] of folders) this.#folders.set(folder, new Map(names));
    this.#nextFile = Math.max(0, ...files.keys()) + 1;
  }

  /** The disk after a power loss behind the first operations. */
  crashed(operations: number, fate: Fate): SimulatedDisk {
    const files = new Map(this.#start.files);
    const folders = new Map([...this.#start.folders].map(([folder, names]) => [folder, new Map(names)]));
    const writes = new Map<number, Extract<Operation, { kind: "write" }>[]>();
    const names = new Map<string, Extract<Operation, { kind: "name" }>[]>();
    for (const operation of this.operations.slice(0, operations)) {
      switch (operation.kind) {
        case "write":
          writes.set(operation.file, [...(writes.get(operation.file) ?? []), operation]);
          break;
        case "datasync":
          for (const write of writes.get(operation.file) ?? [])
            files.set(write.file, written(files.get(write.file), write, KEEP_ALL));
          writes.delete(operation.file);
          break;
        case "name":
          names.set(operation.folder, [...(names.get(operation.folder) ?? []), operation]);
          break;
        case "syncFolder":
          for (const change of names.get(operation.folder) ?? []) rename(folders, change);
          names.delete(operation.folder);
      }
    }
    for (const pending of writes.values()) {
      for (const write of pending) if (fate.isKept()) files.set(write.file, written(files.get(write.file), write, fate));
    }
    for (const pending of names.values()) for (const change of pending) if (fate.isKept()) rename(folders, change);
    return new SimulatedDisk(files, folders);
  }

  /** Every file by its path, to look at and to damage. */
  contents(): Map<string, Uint8Array> {
    const contents = new Map<string, Uint8Array>();
    for (const [folder, names] of this.#folders) {
      for (const [name, file] of names) contents.set(`${folder}/${name}`, this.#files.get(file) ?? new Uint8Array(0));
    }
    return contents;
  }

  /** Changes a file behind everybody's back. */
  damage(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const file = this.#fileAt(path);
    if (file === undefined) throw new Error(`no file ${path}`);
    this.#files.set(file, change((this.#files.get(file) ?? new Uint8Array(0)).slice()));
  }

  /** The disk as one process sees it. `before` is called before each of its changes and syncs, which it can delay or fail; what is done at once cannot be
   * delayed, but is not done by a process that does not live. */
  fileSystem(before: (operation: string) => void | Promise<void> = () => {}, isAlive: () => boolean = () => true): FileSystem {
    return {
      read: async (path) => {
        const file = this.#fileAt(path);
        return file === undefined ? undefined : (this.#files.get(file) ?? new Uint8Array(0)).slice();
      },
      readPart: async (path, offset, length) => {
        const file = this.#fileAt(path);
        if (file === undefined) return undefined;
        const bytes = this.#files.get(file) ?? new Uint8Array(0);
        const from = offset < 0 ? Math.max(0, bytes.length + offset) : offset;
        return bytes.slice(from, from + length);
      },
      size: async (path) => {
        const file = this.#fileAt(path);
        return file === undefined ? undefined : (this.#files.get(file)?.length ?? 0);
      },
      names: async (folder) => [...(this.#folders.get(folder)?.keys() ?? [])],
      namesNow: (folder) => [...(this.#folders.get(folder)?.keys() ?? [])],
      isThereNow: (path) => this.#fileAt(path) !== undefined,
      makeFolder: async (folder) => {
        if (!this.#folders.has(folder)) this.#folders.set(folder, new Map());
        // Durable at once: a folder without files in it changes nothing.
        (this.#start.folders as Map<string, ReadonlyMap<string, number>>).set(
          folder,
          this.#start.folders.get(folder) ?? new Map(),
        );
      },
      create: async (path) => {
        await before(`create ${path}`);
        if (this.#fileAt(path) !== undefined) return undefined;
        const file = this.#nextFile;
        this.#nextFile += 1;
        this.#name(path, file);
        return this.#writable(file, path, before);
      },
      open: async (path) => {
        const file = this.#fileAt(path);
        if (file === undefined) throw new Error(`no file ${path}`);
        return this.#writable(file, path, before);
      },
      rename: async (from, to) => {
        await before(`rename ${from}`);
        const file = this.#fileAt(from);
        if (file === undefined) throw new Error(`no file ${from}`);
        this.#name(to, file);
        this.#name(from, undefined);
      },
      remove: async (path) => {
        if (this.#fileAt(path) === undefined) return;
        await before(`remove ${path}`);
        this.#name(path, undefined);
      },
      syncFolder: async (folder) => {
        await before(`syncFolder ${folder}`);
        this.operations.push({ kind: "syncFolder", folder });
      },
      openNow: (path) => {
        const file = this.#fileAt(path);
        if (file === undefined) return undefined;
        const bytes = (this.#files.get(file) ?? new Uint8Array(0)).slice();
        const read = (offset: number, into: Uint8Array) => {
          const found = bytes.subarray(offset, offset + into.length);
          into.set(found);
          return found.length;
        };
        return { bytes: bytes.length, read, close: () => {} };
      },
      createNow: (path, bytes) => {
        void before(`createNow ${path}`);
        if (!isAlive()) return;
        if (this.#fileAt(path) !== undefined) throw new Error(`${path} is there already`);
        const file = this.#nextFile;
        this.#nextFile += 1;
        this.#name(path, file);
        const operation = { kind: "write", file, offset: 0, bytes: bytes.slice() } as const;
        this.operations.push(operation);
        this.#files.set(file, operation.bytes);
      },
      scratch: () => scratchInMemory(),
    };
  }

  #writable(file: number, path: string, before: (operation: string) => void | Promise<void>): WritableFile {
    return {
      write: async (bytes, offset) => {
        await before(`write ${path}`);
        const operation = { kind: "write", file, offset, bytes: bytes.slice() } as const;
        this.operations.push(operation);
        this.#files.set(file, written(this.#files.get(file), operation, KEEP_ALL));
      },
      datasync: async () => {
        await before(`datasync ${path}`);
        this.operations.push({ kind: "datasync", file });
      },
      close: async () => {},
    };
  }

  #fileAt(path: string): number | undefined {
    const [folder, name] = split(path);
    return this.#folders.get(folder)?.get(name);
  }

  #name(path: string, file: number | undefined): void {
    const [folder, name] = split(path);
    const operation = { kind: "name", folder, name, file } as const;
    this.operations.push(operation);
    rename(this.#folders, operation);
  }
}

function split(path: string): [folder: string, name: string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, at), path.slice(at + 1)];
}

function rename(folders: Map<string, Map<string, number>>, { folder, name, file }: Extract<Operation, { kind: "name" }>): void {
  const names = folders.get(folder) ?? new Map<string, number>();
  folders.set(folder, names);
  if (file === undefined) names.delete(name);
  else names.set(name, file);
}

function written(
  before: Uint8Array | undefined,
  { offset, bytes }: Extract<Operation, { kind: "write" }>,
  fate: Fate,
): Uint8Array {
  const after = new Uint8Array(Math.max(before?.length ?? 0, offset + bytes.length));
  if (before) after.set(before);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + SECTOR - ((offset + at) % SECTOR));
    if (fate.isSectorKept()) after.set(bytes.subarray(at, end), offset + at);
    at = end;
  }
  return after;
}
