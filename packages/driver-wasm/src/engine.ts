/** engine.ts
 * One running instance of our SQLite. It holds any number of databases, until it is lost.
 *
 * 1. What leaves the instance as an exception is not an error of SQLite's: a trap, or a JavaScript stack that ended in the middle of a
 *    call. Its memory can no longer be believed, so the instance is lost: every later call on it throws the same `HOLDFAST_ENGINE_LOST`.
 *    The databases' pages are not in it, and a new instance opens them.
 * 2. Callbacks from SQLite never throw into it. */
import { HoldfastError } from "@holdfast/core/contract";
import { SqliteFailure } from "@holdfast/driver-kit";
import { IO_METHODS_BYTES, TEXT_BYTES, WasmFunctions, WasmMemory, WasmText, WasmVfs } from "@holdfast/vfs";
import type { SqliteExports } from "./sqlite-exports.js";
import { type SystemParts, VFS_BYTES, writeVfs } from "./vfs-struct.js";

const NOMEM = 7;
/** Columns a row may have: SQLite's own limit. */
const MAX_COLUMNS = 2000;
const CELL_BYTES = 16;
/** Counters of the run before them: rows read, rows written, recompilations. */
export const RUN_BYTES = 16;

/** Asked while a statement is compiled: action and up to four names. 0 allows, 1 denies, 2 ignores. Must not throw. */
export type AuthorizeCallback = (action: number, ...names: (string | null)[]) => number;

export class Engine {
  readonly exports: SqliteExports;
  readonly memory: WasmMemory;
  readonly vfs: WasmVfs;
  /** Where the last step left its counters and, {@link RUN_BYTES} behind them, its row's columns. */
  readonly run: number;
  /** Whose step it was. */
  lastStepped: unknown;
  readonly text: WasmText;
  readonly #authorizers = new Map<number, AuthorizeCallback>();
  readonly #authorizeIndex: number;
  #names = 0;
  #lost: HoldfastError | undefined;
  #callbackError: { readonly error: unknown } | undefined;

  constructor(module: WebAssembly.Module, system: SystemParts) {
    const environment = {
      environ_sizes_get: (count: number, bytes: number) => {
        this.memory.setPointer(count, 0);
        this.memory.setPointer(bytes, 0);
        return 0;
      },
      environ_get: () => 0,
    };
    const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: environment });
    this.exports = instance.exports as unknown as SqliteExports;
    this.memory = new WasmMemory(this.exports.memory);
    this.exports._initialize();
    const functions = new WasmFunctions(this.exports.__indirect_function_table);
    this.vfs = new WasmVfs(this.memory, functions, this.allocate(IO_METHODS_BYTES));
    const vfs = this.allocate(VFS_BYTES);
    this.memory.bytes.fill(0, vfs, vfs + VFS_BYTES);
    writeVfs(vfs, this.#text("holdfast"), { memory: this.memory, functions, vfs: this.vfs, ...system });
    this.exports.holdfast_set_vfs(vfs);
    const code = this.exports.sqlite3_initialize();
    if (code !== 0) throw new Error(`sqlite3_initialize failed with code ${code}`);
    this.run = this.allocate(RUN_BYTES + MAX_COLUMNS * CELL_BYTES);
    this.text = new WasmText(this.memory, this.allocate(TEXT_BYTES));
    this.#authorizeIndex = functions.install("iiiiiii", (database: number, action: number, ...names: number[]) =>
      this.#authorize(database, action, names),
    );
  }

  /** Why this instance is of no use any more; `undefined` while it is. */
  get lost(): HoldfastError | undefined {
    return this.#lost;
  }

  /** Calls into the instance. */
  call<T>(run: (exports: SqliteExports) => T): T {
    if (this.#lost) throw this.#lost;
    try {
      return run(this.exports);
    } catch (error) {
      throw this.caught(error);
    }
  }

  /** To be given what a call into the instance threw: returns what to throw instead, and declares the instance lost (rule 1). Only errors
   * of SQLite's own pass: they are made before or after it ran. */
  caught(cause: unknown): unknown {
    if (cause instanceof SqliteFailure) return cause;
    this.#lost ??= new HoldfastError(
      "HOLDFAST_ENGINE_LOST",
      `The SQLite instance stopped in the middle of a call (${cause}) and cannot go on. Open the object again: what is durable is untouched.`,
      { cause },
    );
    return this.#lost;
  }

  /** What an authorizer threw since the last time, taken: JavaScript's stack may have ended in it. */
  takeCallbackError(): { readonly error: unknown } | undefined {
    const thrown = this.#callbackError;
    this.#callbackError = undefined;
    return thrown;
  }

  /** A name that no other database of this instance has. */
  freshName(): string {
    this.#names += 1;
    return `hf:${this.#names}`;
  }

  /** `sqlite3_open_v2` on a name that is registered with {@link vfs}; the pointer to the connection. */
  open(name: string, authorize: AuthorizeCallback): number {
    const READWRITE_CREATE = 6;
    return this.call((exports) => {
      const text = this.#text(name);
      const out = this.allocate(4);
      const code = exports.sqlite3_open_v2(text, out, READWRITE_CREATE, 0);
      const database = this.memory.pointer(out);
      exports.free(text);
      exports.free(out);
      if (code !== 0) throw new Error(`sqlite3_open_v2 failed with code ${code}`);
      this.#authorizers.set(database, authorize);
      exports.sqlite3_set_authorizer(database, this.#authorizeIndex, database);
      return database;
    });
  }

  close(database: number): void {
    this.#authorizers.delete(database);
    if (!this.#lost) this.call((exports) => exports.sqlite3_close_v2(database));
  }

  /** Memory of the heap, to be freed by the caller. @throws SqliteFailure SQLITE_NOMEM */
  allocate(bytes: number): number {
    const pointer = this.exports.malloc(Math.max(1, bytes));
    if (pointer === 0) throw new SqliteFailure(NOMEM, "out of memory");
    return pointer >>> 0;
  }

  #text(text: string): number {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const pointer = this.allocate(bytes.length);
    this.memory.bytes.set(bytes, pointer);
    return pointer;
  }

  #authorize(database: number, action: number, names: readonly number[]): number {
    const DENY = 1;
    try {
      const [a = null, b = null, c = null, d = null] = names.map((at) => (at === 0 ? null : this.memory.text(at)));
      return this.#authorizers.get(database)?.(action, a, b, c, d) ?? DENY;
    } catch (error) {
      this.#callbackError ??= { error };
      return DENY; // a broken authorizer allows nothing
    }
  }
}
