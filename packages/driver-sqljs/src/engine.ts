/** engine.ts
 * One running copy of stock sql.js, with holdfast's file interface inside.
 *
 * sql.js has neither a pluggable file system nor `sqlite3_set_authorizer` nor `sqlite3_limit`. All three are reachable through SQLite's
 * own structures: `instantiateWasm` gives memory and function table, the first word of `sqlite3*` points to the VFS, whose public
 * structure is patched; authorizer and limits are fields of `sqlite3` (`struct-facts.ts`).
 *
 * 1. Nothing is assumed: every fact is proved by a self-test when the module is loaded. Without the VFS, loading fails; the others have
 *    stand-ins that work on the text of statements.
 * 2. Names that begin with {@link PREFIX} are ours; everything else goes to sql.js' own VFS. */
import { HoldfastError } from "@holdfast/core/contract";
import { SqliteFailure } from "@holdfast/driver-kit";
import { IO_METHODS_BYTES, TEXT_BYTES, WasmFunctions, WasmMemory, WasmText, WasmVfs } from "@holdfast/vfs";
import type { SqljsModule, SqljsParts } from "./sqljs-module.js";
import { findStructFacts, NO_FACTS, type StructFacts } from "./struct-facts.js";

const PREFIX = "hf:";

/** Offsets in the public `sqlite3_vfs` (wasm32). */
const VFS = { version: 0, maxPathname: 8, name: 16, open: 24, delete: 28, access: 32, fullPathname: 36 } as const;

const NOMEM = 7;
const NOT_FOUND_DELETE = 5898; // SQLITE_IOERR_DELETE_NOENT

/** Called while a statement is compiled: action and up to four names. 0 allows, 1 denies, 2 ignores. */
export type AuthorizeCallback = (
  action: number,
  a: string | null,
  b: string | null,
  c: string | null,
  d: string | null,
) => number;

export class SqljsEngine {
  readonly module: SqljsModule;
  readonly memory: WasmMemory;
  readonly vfs: WasmVfs;
  readonly text: WasmText;
  readonly facts: StructFacts;
  readonly #functions: WasmFunctions;
  readonly #authorizers = new Map<number, AuthorizeCallback>();
  readonly #authorizeIndex: number;
  readonly #refuseIndex: number;
  #names = 0;
  #lost: HoldfastError | undefined;

  /** Runs sql.js. Synchronous: its start-up is, once the wasm is there. @throws HoldfastError `HOLDFAST_UNSUPPORTED` if a self-test fails */
  constructor(parts: SqljsParts, structFacts = true) {
    const { module, exports } = start(parts);
    const memory = exports.find((value) => value instanceof WebAssembly.Memory);
    const table = exports.find((value) => value instanceof WebAssembly.Table);
    if (!memory || !table) throw unsupported("it exports no memory or no function table");
    this.module = this.#guarded(module);
    this.memory = new WasmMemory(memory);
    this.#functions = new WasmFunctions(table);
    this.vfs = new WasmVfs(this.memory, this.#functions, this.allocate(IO_METHODS_BYTES));
    this.text = new WasmText(this.memory, this.allocate(TEXT_BYTES));
    this.#patchVfs();
    this.#authorizeIndex = this.#functions.install("iiiiiii", (database: number, action: number, ...names: number[]) => {
      const [a, b, c, d] = names.map((at) => (at === 0 ? null : this.memory.text(at)));
      return this.#authorizers.get(database)?.(action, a ?? null, b ?? null, c ?? null, d ?? null) ?? 0;
    });
    this.#refuseIndex = this.#functions.install("viii", (context: number) =>
      this.withText("not authorized", (text) => this.module._sqlite3_result_error(context, text, -1)),
    );
    this.facts = structFacts ? findStructFacts(this) : NO_FACTS;
  }

  /** Why this engine is of no use any more; `undefined` while it is. */
  get lost(): HoldfastError | undefined {
    return this.#lost;
  }

  /** The module, each function of which refuses once the engine is lost, and loses it by throwing: errors of SQLite's are result codes, so
   * what is thrown is a trap, or JavaScript's stack that ended inside SQLite. */
  #guarded(module: SqljsModule): SqljsModule {
    const guarded: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(module)) {
      if (!/^_(sqlite3_|malloc$|free$)/.test(name) || typeof member !== "function") continue;
      guarded[name] = (...args: unknown[]) => {
        if (this.#lost) throw this.#lost;
        try {
          return member(...args);
        } catch (cause) {
          this.#lost ??= new HoldfastError(
            "HOLDFAST_ENGINE_LOST",
            `The SQLite instance stopped in the middle of a call (${cause}) and cannot go on. Open the object again: what is durable is untouched.`,
            { cause },
          );
          throw this.#lost;
        }
      };
    }
    return guarded as unknown as SqljsModule;
  }

  /** A name that no other database of this engine has. */
  freshName(): string {
    this.#names += 1;
    return `${PREFIX}${this.#names}`;
  }

  /** `sqlite3_open`; the pointer to the connection. */
  open(name: string): number {
    const { module, memory } = this;
    return this.withText(name, (text) => {
      const out = this.allocate(4);
      const code = module._sqlite3_open(text, out);
      const database = memory.pointer(out);
      module._free(out);
      if (code !== 0) throw new Error(`sqlite3_open failed with code ${code}`);
      return database;
    });
  }

  /** The platform has `load_extension()`, and refuses it when it runs; sql.js has none. */
  refuseExtensions(database: number): void {
    const UTF8 = 1;
    this.withText("load_extension", (name) => {
      for (const argumentCount of [1, 2]) {
        this.module._sqlite3_create_function_v2(database, name, argumentCount, UTF8, 0, this.#refuseIndex, 0, 0, 0);
      }
    });
  }

  close(database: number): void {
    if (!this.#lost) this.module._sqlite3_close_v2(database);
    this.#authorizers.delete(database);
  }

  /** What `sqlite3_set_authorizer` would do; nothing where it was not found. */
  setAuthorizer(
    database: number,
    authorize: AuthorizeCallback | undefined,
    offset: number | undefined = this.facts.authorizer,
  ): void {
    if (offset === undefined) return;
    if (authorize) this.#authorizers.set(database, authorize);
    else this.#authorizers.delete(database);
    this.memory.setPointer(database + offset, authorize ? this.#authorizeIndex : 0);
    this.memory.setPointer(database + offset + 4, authorize ? database : 0);
  }

  /** What `sqlite3_limit` would do; nothing where it was not found. */
  setLimit(database: number, category: number, value: number, offset: number | undefined = this.facts.limits): void {
    if (offset !== undefined) this.memory.view.setInt32(database + offset + category * 4, value, true);
  }

  /** A table index for a function that SQLite is to call. */
  install<A extends readonly unknown[]>(run: (...args: A) => void, signature: "viiiij" | "viii" | "vi"): number {
    return this.#functions.install(signature, run);
  }

  /** Memory of the heap, to be freed by the caller. @throws SqliteFailure SQLITE_NOMEM */
  allocate(bytes: number): number {
    const pointer = this.module._malloc(Math.max(1, bytes));
    if (pointer === 0) throw new SqliteFailure(NOMEM, "out of memory");
    return pointer;
  }

  /** Puts a text into the heap, NUL-terminated, while `use` runs. */
  withText<T>(text: string, use: (pointer: number) => T): T {
    return this.withBytes(new TextEncoder().encode(`${text}\0`), use);
  }

  /** Puts bytes into the heap while `use` runs. */
  withBytes<T>(bytes: Uint8Array, use: (pointer: number) => T): T {
    const pointer = this.allocate(bytes.length);
    this.memory.bytes.set(bytes, pointer);
    try {
      return use(pointer);
    } finally {
      this.module._free(pointer);
    }
  }

  #patchVfs(): void {
    const { memory, vfs } = this;
    const probe = this.open(":memory:");
    const pointer = memory.pointer(probe);
    this.close(probe);
    const version = memory.view.getInt32(pointer + VFS.version, true);
    const isUnix =
      version >= 1 &&
      version <= 3 &&
      memory.view.getInt32(pointer + VFS.maxPathname, true) === 512 &&
      memory.text(memory.pointer(pointer + VFS.name)) === "unix";
    if (!isUnix) throw unsupported("the first word of its connection is not the VFS it is known to be");
    const ours = (name: number): string | undefined => {
      if (name === 0) return undefined;
      const text = memory.text(name);
      return text.startsWith(PREFIX) ? text : undefined;
    };
    this.#replace(pointer + VFS.open, "iiiiii", (original, self, name, file, flags, out) => {
      const own = ours(name as number);
      return own ? vfs.openFile(own, file as number, flags as number, out as number) : original(self, name, file, flags, out);
    });
    this.#replace(pointer + VFS.delete, "iiii", (original, self, name, sync) =>
      ours(name as number) ? NOT_FOUND_DELETE : original(self, name, sync),
    );
    this.#replace(pointer + VFS.access, "iiiii", (original, self, name, flags, out) => {
      const own = ours(name as number);
      if (!own) return original(self, name, flags, out);
      memory.view.setInt32(out as number, vfs.fileExists(own) ? 1 : 0, true);
      return 0;
    });
    this.#replace(pointer + VFS.fullPathname, "iiiii", (original, self, name, size, out) => {
      const own = ours(name as number);
      if (!own) return original(self, name, size, out);
      memory.bytes.set(new TextEncoder().encode(`${own}\0`), out as number);
      return 0;
    });
  }

  #replace(
    slot: number,
    signature: "iiii" | "iiiii" | "iiiiii",
    replacement: (original: (...args: unknown[]) => number, ...args: unknown[]) => number,
  ): void {
    const original = this.#functions.at(this.memory.pointer(slot));
    this.memory.setPointer(
      slot,
      this.#functions.install(signature, (...args: unknown[]) => replacement(original, ...args)),
    );
  }
}

/** Runs sql.js' start-up around an instance of our making. */
function start({ initSqlJs, wasm }: SqljsParts): { module: SqljsModule; exports: WebAssembly.ExportValue[] } {
  let exports: WebAssembly.ExportValue[] = [];
  const options = {
    instantiateWasm(
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): object {
      const compiled = new WebAssembly.Module(wasm);
      const instance = new WebAssembly.Instance(compiled, imports);
      exports = Object.values(instance.exports);
      done(instance, compiled);
      return instance.exports;
    },
  };
  initSqlJs(options);
  if (exports.length === 0) {
    throw unsupported("it was already running; give holdfast a fresh copy of its script");
  }
  return { module: options as unknown as SqljsModule, exports };
}

function unsupported(why: string): HoldfastError {
  return new HoldfastError(
    "HOLDFAST_UNSUPPORTED",
    `This build of sql.js cannot be used: ${why}. Install sql.js 1.8.0 to 1.16.0.`,
  );
}
