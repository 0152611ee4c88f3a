/** wasm-vfs.ts
 * The SQLite file interface in JavaScript, for any wasm32 build: its methods read and write {@link PageFile}s.
 *
 * 1. A method never throws into C: what goes wrong becomes SQLITE_IOERR, and the error is kept for whoever runs the statement.
 * 2. Files are recognised by name; names that are not registered here are none of ours. Where a database has room for it, its rollback journal,
 *    and files without a name, are {@link TemporaryFile}s.
 * 3. Nothing is ever synced: durability is the timeline's. */

import type { ScratchFile } from "@holdfast/core/contract";
import { PAGE_SIZE } from "@holdfast/core/contract";
import type { PageFile } from "./page-file.js";
import { TemporaryFile } from "./temporary-file.js";
import type { Signature, WasmFunctions } from "./wasm-functions.js";
import type { WasmMemory } from "./wasm-memory.js";

const OK = 0;
const FULL = 13;
const CANTOPEN = 14;
const IOERR_READ = 266;
const IOERR_SHORT_READ = 522;
const IOERR_WRITE = 778;
const NOTFOUND = 12;

const FCNTL_SYNC = 21;
const FCNTL_COMMIT_PHASETWO = 22;

/** ATOMIC, SAFE_APPEND, SEQUENTIAL, UNDELETABLE_WHEN_OPEN, POWERSAFE_OVERWRITE: a file in memory. */
const CHARACTERISTICS = 0x1 | 0x200 | 0x400 | 0x800 | 0x1000;

/** `sqlite3_io_methods`, version 1: a version number and these, in this order. */
const METHODS = [
  ["xClose", "ii"],
  ["xRead", "iiiij"],
  ["xWrite", "iiiij"],
  ["xTruncate", "iij"],
  ["xSync", "iii"],
  ["xFileSize", "iii"],
  ["xLock", "iii"],
  ["xUnlock", "iii"],
  ["xCheckReservedLock", "iii"],
  ["xFileControl", "iiii"],
  ["xSectorSize", "ii"],
  ["xDeviceCharacteristics", "ii"],
] as const satisfies readonly (readonly [string, Signature])[];

type MethodName = (typeof METHODS)[number][0];

/** Bytes that `sqlite3_io_methods` version 1 needs. */
export const IO_METHODS_BYTES: number = 4 * (METHODS.length + 1);

export class WasmVfs {
  readonly #memory: WasmMemory;
  readonly #named = new Map<string, PageFile>();
  readonly #open = new Map<number, PageFile | TemporaryFile>();
  /** Of the database whose statement runs, if it has room. */
  #scratch: (() => ScratchFile) | undefined;
  #error: unknown;

  /** `methodsAt` is where {@link IO_METHODS_BYTES} bytes of wasm memory have been set aside. */
  constructor(memory: WasmMemory, functions: WasmFunctions, methodsAt: number) {
    this.#memory = memory;
    memory.setPointer(methodsAt, 1);
    METHODS.forEach(([name, signature], i) => {
      const method = this.#methods[name] as (...args: never[]) => number;
      memory.setPointer(
        methodsAt + 4 + i * 4,
        functions.install(signature, (...args: never[]) =>
          this.#guard(() => method(...args), name === "xRead" ? IOERR_READ : IOERR_WRITE),
        ),
      );
    });
    this.#methodsAt = methodsAt;
  }

  readonly #methodsAt: number;

  /** Gives a file a name under which SQLite can open it. */
  register(name: string, file: PageFile): void {
    this.#named.set(name, file);
  }

  /** To be called before a statement of a database runs that has room for its journal, and for files without a name. */
  setScratch(scratch: () => ScratchFile): void {
    this.#scratch = scratch;
  }

  /** xOpen for a journal, or a file without a name. */
  openTemporary(filePointer: number, flags: number, flagsOut: number): number {
    if (!this.#scratch) return CANTOPEN;
    try {
      this.#open.set(filePointer, new TemporaryFile(this.#scratch()));
    } catch (error) {
      this.#error = error;
      return CANTOPEN;
    }
    this.#memory.setPointer(filePointer, this.#methodsAt);
    if (flagsOut !== 0) this.#memory.view.setInt32(flagsOut, flags, true);
    return OK;
  }

  unregister(name: string): void {
    this.#named.delete(name);
  }

  has(name: string): boolean {
    return this.#named.has(name);
  }

  /** The error behind the last SQLITE_IOERR, taken. */
  takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  /** xOpen for a registered name: fills in the `sqlite3_file`. */
  openFile(name: string, filePointer: number, flags: number, flagsOut: number): number {
    const file = this.#named.get(name);
    if (!file) return IOERR_READ;
    this.#open.set(filePointer, file);
    this.#memory.setPointer(filePointer, this.#methodsAt);
    if (flagsOut !== 0) this.#memory.view.setInt32(flagsOut, flags, true);
    return OK;
  }

  /** xAccess for a registered name: a database that has pages exists. Journals never do. */
  fileExists(name: string): boolean {
    return (this.#named.get(name)?.pageCount ?? 0) > 0;
  }

  readonly #methods: Record<MethodName, (...args: never[]) => number> = {
    xClose: (pointer: number) => {
      const file = this.#open.get(pointer);
      if (file instanceof TemporaryFile) file.close();
      this.#open.delete(pointer);
      return OK;
    },
    xRead: (pointer: number, to: number, count: number, offset: bigint) => {
      const file = this.#any(pointer);
      if (file instanceof TemporaryFile) return this.#readTemporary(file, to, count, Number(offset));
      return this.#read(file, to, count, Number(offset));
    },
    xWrite: (pointer: number, from: number, count: number, offset: bigint) => {
      const file = this.#any(pointer);
      if (file instanceof TemporaryFile) {
        file.write(Number(offset), this.#memory.bytes.subarray(from, from + count));
        return OK;
      }
      if (count !== PAGE_SIZE || Number(offset) % PAGE_SIZE !== 0) return IOERR_WRITE;
      file.write(Number(offset) / PAGE_SIZE + 1, this.#memory.bytes.subarray(from, from + count));
      return OK;
    },
    xTruncate: (pointer: number, size: bigint) => {
      const file = this.#any(pointer);
      if (file instanceof TemporaryFile) file.truncate(Number(size));
      else file.truncate(Math.ceil(Number(size) / PAGE_SIZE));
      return OK;
    },
    xSync: () => OK,
    xFileSize: (pointer: number, to: number) => {
      const file = this.#any(pointer);
      const bytes = file instanceof TemporaryFile ? file.bytes : file.pageCount * PAGE_SIZE;
      this.#memory.view.setBigInt64(to, BigInt(bytes), true);
      return OK;
    },
    xLock: () => OK,
    xUnlock: () => OK,
    xCheckReservedLock: (_pointer: number, to: number) => {
      this.#memory.view.setInt32(to, 0, true);
      return OK;
    },
    xFileControl: (pointer: number, operation: number) => {
      const file = this.#any(pointer);
      if (file instanceof TemporaryFile) return NOTFOUND;
      if (operation === FCNTL_SYNC) return file.prepare() === "full" ? FULL : OK;
      if (operation !== FCNTL_COMMIT_PHASETWO) return NOTFOUND;
      file.commit();
      return OK;
    },
    xSectorSize: () => PAGE_SIZE,
    xDeviceCharacteristics: () => CHARACTERISTICS,
  };

  #any(pointer: number): PageFile | TemporaryFile {
    const file = this.#open.get(pointer);
    if (!file) throw new Error("SQLite used a file that is not open");
    return file;
  }

  #readTemporary(file: TemporaryFile, to: number, count: number, offset: number): number {
    const into = this.#memory.bytes.subarray(to, to + count);
    const read = file.read(offset, into);
    into.fill(0, read);
    return read < count ? IOERR_SHORT_READ : OK;
  }

  /** SQLite reads whole pages, and parts of the first one before it knows the page size. */
  #read(file: PageFile, to: number, count: number, offset: number): number {
    const { bytes } = this.#memory;
    const pageNumber = Math.floor(offset / PAGE_SIZE) + 1;
    const start = offset % PAGE_SIZE;
    if (pageNumber <= file.pageCount && start + count <= PAGE_SIZE) {
      bytes.set(file.read(pageNumber).subarray(start, start + count), to);
      return OK;
    }
    bytes.fill(0, to, to + count);
    return IOERR_SHORT_READ;
  }

  #guard(run: () => number, failed: number): number {
    try {
      return run();
    } catch (error) {
      this.#error = error;
      return failed;
    }
  }
}
