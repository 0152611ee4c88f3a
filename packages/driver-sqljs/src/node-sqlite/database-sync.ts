/** node-sqlite/database-sync.ts
 * `DatabaseSync` of `node:sqlite` on stock sql.js: for code written against Node's module where there is none, or where a wasm SQLite is
 * wanted. Databases live in memory. What stock sql.js cannot do throws by its name. */

import { HoldfastError } from "@holdfast/core/contract";
import { loadInstalled } from "#load-installed";
import { SqljsConnection } from "../connection.js";
import { SqljsEngine } from "../engine.js";
import { booleanOption, expectBoolean, expectString, isInt32, isObject, optionsAt } from "./arguments.js";
import { applyLimit, type DatabaseLimits, LIMIT_NAMES, makeLimits } from "./database-limits.js";
import { defineAccessors, shapeAsNode } from "./node-class.js";
import { nodeError, rethrowAsNode } from "./node-error.js";
import { makeStatement, type StatementSettings, type StatementSync } from "./statement-sync.js";
import { UserFunctions } from "./user-functions.js";

export interface DatabaseSyncOptions extends Partial<StatementSettings> {
  /** Open at once; `true` if left out. */
  readonly open?: boolean;
  /** `true` if left out. */
  readonly enableForeignKeyConstraints?: boolean;
  /** Whether "x" may be a string; `false` if left out. */
  readonly enableDoubleQuotedStringLiterals?: boolean;
  /** Whether SQLite's own tables are protected even from `writable_schema`; `true` if left out. */
  readonly defensive?: boolean;
  /** Not supported: `true` throws. */
  readonly readOnly?: boolean;
  /** Not supported: `true` throws. */
  readonly allowExtension?: boolean;
  /** Of no consequence: nobody else can lock a database in memory. */
  readonly timeout?: number;
  readonly limits?: Partial<DatabaseLimits>;
}

/** Bits of a connection's flags. */
const DEFENSIVE = 0x1000_0000;
const DOUBLE_QUOTED_STRINGS = 0x6000_0000; // in definitions and in statements

let engine: SqljsEngine | undefined;

type Authorizer = (action: number, a: string | null, b: string | null, c: string | null, d: string | null) => number;

export class DatabaseSync {
  declare readonly isOpen: boolean;
  declare readonly isTransaction: boolean;
  declare readonly limits: DatabaseLimits;
  readonly #options: Readonly<Record<string, boolean>>;
  readonly #startLimits: ReadonlyMap<number, number>;
  #connection: SqljsConnection | undefined;
  #functions: UserFunctions | undefined;
  #authorizer: Authorizer | undefined;

  /** @throws HoldfastError `HOLDFAST_UNSUPPORTED` for anything but `:memory:`, stock sql.js has no files; TypeError `ERR_INVALID_ARG_TYPE` */
  constructor(location: string | Uint8Array | URL, options?: DatabaseSyncOptions);
  constructor(...args: unknown[]) {
    expectMemory(args[0]);
    const options = optionsAt(args, 1);
    const boolean = (name: string, byDefault: boolean) => [name, booleanOption(options, name, byDefault)] as const;
    const settings = [boolean("open", true), boolean("readOnly", false), boolean("enableForeignKeyConstraints", true)];
    settings.push(boolean("enableDoubleQuotedStringLiterals", false), boolean("allowExtension", false));
    const { timeout } = options ?? {};
    if (timeout !== undefined && !isInt32(timeout)) {
      throw nodeError("ERR_INVALID_ARG_TYPE", 'The "options.timeout" argument must be an integer.');
    }
    settings.push(boolean("readBigInts", false), boolean("returnArrays", false), boolean("allowBareNamedParameters", true));
    settings.push(boolean("allowUnknownNamedParameters", false), boolean("defensive", true));
    this.#options = Object.fromEntries(settings);
    this.#startLimits = readLimits(options?.["limits"]);
    for (const name of ["readOnly", "allowExtension"]) if (this.#options[name]) throw unsupported(`options.${name}`);
    const limits = makeLimits(() => this.#use());
    defineAccessors(this, {
      isOpen: () => this.#connection?.isOpen ?? false,
      isTransaction: () => this.#use().inTransaction,
      limits: () => {
        this.#use();
        return limits;
      },
    });
    Object.defineProperty(this, Symbol.for("sqlite-type"), {
      value: "node:sqlite",
      writable: true,
      enumerable: true,
      configurable: true,
    });
    if (this.#options["open"]) this.open();
  }

  /** @throws Error `ERR_INVALID_STATE` if it is open */
  open(): void {
    if (this.#connection?.isOpen) throw nodeError("ERR_INVALID_STATE", "database is already open");
    if (!engine || engine.lost) engine = new SqljsEngine(loadInstalled());
    const connection = new SqljsConnection(engine, ":memory:", { authorize: (...question) => this.#authorize(...question) });
    this.#connection = connection;
    this.#functions = new UserFunctions(connection);
    connection.exec(`PRAGMA foreign_keys = ${this.#options["enableForeignKeyConstraints"] ? "ON" : "OFF"}`);
    connection.setFlags(DOUBLE_QUOTED_STRINGS, this.#options["enableDoubleQuotedStringLiterals"] === true);
    connection.setFlags(DEFENSIVE, this.#options["defensive"] === true);
    for (const [category, value] of this.#startLimits) applyLimit(connection, category, value);
  }

  /** @throws Error `ERR_INVALID_STATE` if it is not open */
  close(): void {
    this.#use().close();
    this.#authorizer = undefined;
  }

  [Symbol.dispose](): void {
    if (this.#connection?.isOpen) this.close();
  }

  /** Runs every statement of a text, ignoring rows. @throws Error `ERR_SQLITE_ERROR` with `errcode` and `errstr` */
  exec(sql: string): void {
    const connection = this.#use();
    const text = wellFormed(expectString(sql, "sql"));
    this.#calling(() => rethrowAsNode(() => connection.exec(text)));
  }

  /** Compiles the first statement of a text. @throws Error `ERR_SQLITE_ERROR`; TypeError `ERR_INVALID_ARG_VALUE` if there is none */
  prepare(sql: string, options?: Partial<StatementSettings>): StatementSync;
  prepare(...args: unknown[]): StatementSync {
    const connection = this.#use();
    const text = wellFormed(expectString(args[0], "sql"));
    const settings = this.#statementSettings(args);
    const prepared = this.#calling(() => rethrowAsNode(() => connection.prepare(text)));
    if (!prepared) throw nodeError("ERR_INVALID_ARG_VALUE", "The SQL query contains no statements.");
    return makeStatement({
      connection,
      statement: prepared.statement,
      sourceSQL: text.slice(0, text.length - prepared.tail.length),
      settings,
      calling: (run) => this.#calling(run),
    });
  }

  /** Makes a function of the application's known to SQL. */
  function(name: string, fn: (...args: never[]) => unknown): void;
  function(name: string, options: object, fn: (...args: never[]) => unknown): void;
  function(...args: unknown[]): void {
    this.#use();
    rethrowAsNode(() => this.#functions?.define(args));
  }

  /** Makes an aggregate function of the application's known to SQL. Window functions are not supported. */
  aggregate(name: string, options: object): void;
  aggregate(...args: unknown[]): void {
    this.#use();
    rethrowAsNode(() => this.#functions?.aggregate(args));
  }

  /** Asks a callback about every action of every statement that is compiled; `null` asks nobody. */
  setAuthorizer(callback: Authorizer | null): void {
    const connection = this.#use();
    if (callback !== null && typeof callback !== "function") {
      throw nodeError("ERR_INVALID_ARG_TYPE", 'The "callback" argument must be a function or null.');
    }
    this.#authorizer = callback ?? undefined;
    connection.query("PRAGMA checkpoint_fullfsync = 0"); // compiled statements are compiled again, and so asked about
  }

  /** `null`: databases are in memory. */
  location(dbName?: string): string | null {
    this.#use();
    if (dbName !== undefined) expectString(dbName, "dbName");
    return null;
  }

  enableDefensive(active: boolean): void {
    this.#use().setFlags(DEFENSIVE, expectBoolean(active, "active"));
  }

  enableLoadExtension(allow: boolean): void {
    this.#use();
    if (expectBoolean(allow, "allow")) {
      throw nodeError("ERR_INVALID_STATE", "Cannot enable extension loading because it was disabled at database creation.");
    }
  }

  loadExtension(path: string): void;
  loadExtension(): void {
    this.#use();
    throw nodeError("ERR_INVALID_STATE", "extension loading is not allowed");
  }

  /** Not supported. */
  createSession(): never {
    this.#use();
    throw unsupported("createSession");
  }

  /** Not supported. */
  applyChangeset(): never {
    this.#use();
    throw unsupported("applyChangeset");
  }

  /** Not supported. */
  createTagStore(): never {
    this.#use();
    throw unsupported("createTagStore");
  }

  /** Not supported. */
  serialize(): never {
    this.#use();
    throw unsupported("serialize");
  }

  /** Not supported. */
  deserialize(): never {
    this.#use();
    throw unsupported("deserialize");
  }

  #statementSettings(args: readonly unknown[]): StatementSettings {
    const given = args[1];
    if (given !== undefined && !isObject(given)) {
      throw nodeError("ERR_INVALID_ARG_TYPE", 'The "options" argument must be an object.');
    }
    const options = given as Readonly<Record<string, unknown>> | undefined;
    const setting = (name: keyof StatementSettings) => booleanOption(options, name, this.#options[name] === true);
    return {
      returnArrays: setting("returnArrays"),
      readBigInts: setting("readBigInts"),
      allowBareNamedParameters: setting("allowBareNamedParameters"),
      allowUnknownNamedParameters: setting("allowUnknownNamedParameters"),
    };
  }

  #calling<T>(run: () => T): T {
    return (this.#functions as UserFunctions).calling(run);
  }

  #authorize(...question: Parameters<Authorizer>): number {
    const DENY = 1;
    const authorizer = this.#authorizer;
    if (!authorizer || !this.#functions) return 0;
    return this.#functions.guarded(
      () => {
        const answer: unknown = authorizer.apply(undefined, question);
        if (!isInt32(answer)) throw new TypeError("Authorizer callback must return an integer authorization code");
        if (answer < 0 || answer > 2) throw new RangeError("Authorizer callback returned a invalid authorization code");
        return answer;
      },
      () => DENY,
    );
  }

  #use(): SqljsConnection {
    if (!(#connection in this)) throw new TypeError("Illegal invocation");
    if (!this.#connection?.isOpen) throw nodeError("ERR_INVALID_STATE", "database is not open");
    return this.#connection;
  }

  static {
    shapeAsNode(DatabaseSync);
  }
}

/** SQL as node:sqlite hands it over: up to the first NUL, with U+FFFD for what is no Unicode. */
function wellFormed(sql: string): string {
  return (sql.split("\0", 1)[0] ?? "").toWellFormed();
}

function expectMemory(location: unknown): void {
  const path = location instanceof Uint8Array ? new TextDecoder().decode(location) : location;
  const href = isObject(location) && "href" in location ? location.href : undefined;
  const isPath = (typeof path === "string" && !path.includes("\0")) || typeof href === "string";
  if (!isPath) {
    throw nodeError("ERR_INVALID_ARG_TYPE", 'The "path" argument must be a string, Uint8Array, or URL without null bytes.');
  }
  if (typeof href === "string" && !href.startsWith("file:")) {
    throw nodeError("ERR_INVALID_URL_SCHEME", "The URL must be of scheme file:");
  }
  if (path === ":memory:" || path === "") return;
  throw new HoldfastError(
    "HOLDFAST_UNSUPPORTED",
    `DatabaseSync on sql.js keeps databases in memory only, so it cannot open '${href ?? path}'. For durable data use openStorage of holdfast.`,
  );
}

function readLimits(limits: unknown): Map<number, number> {
  const read = new Map<number, number>();
  if (limits === undefined) return read;
  if (!isObject(limits)) throw nodeError("ERR_INVALID_ARG_TYPE", 'The "options.limits" argument must be an object.');
  LIMIT_NAMES.forEach((name, category) => {
    const value = (limits as Record<string, unknown>)[name];
    if (value === undefined) return;
    if (!isInt32(value)) throw nodeError("ERR_INVALID_ARG_TYPE", `The "options.limits.${name}" argument must be an integer.`);
    if (value < 0) throw nodeError("ERR_OUT_OF_RANGE", `The "options.limits.${name}" argument must be non-negative.`);
    read.set(category, value);
  });
  return read;
}

function unsupported(name: string): HoldfastError {
  return new HoldfastError("HOLDFAST_UNSUPPORTED", `${name} of node:sqlite is not supported on sql.js.`);
}
