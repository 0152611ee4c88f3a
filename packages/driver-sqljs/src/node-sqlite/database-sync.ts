/** node-sqlite/database-sync.ts
 * `DatabaseSync` of `node:sqlite` on stock sql.js: for code written against Node's module where there is none, or where a wasm SQLite is
 * wanted. Databases live in memory. */
import { HoldfastError } from "@holdfast/core/contract";
import { loadInstalled } from "#load-installed";
import { SqljsConnection } from "../connection.js";
import { SqljsEngine } from "../engine.js";
import { nodeError, rethrowAsNode } from "./node-error.js";
import { StatementSync } from "./statement-sync.js";

export interface DatabaseSyncOptions {
  /** Open at once; `true` if left out. */
  readonly open?: boolean;
  /** `true` if left out. */
  readonly enableForeignKeyConstraints?: boolean;
}

let engine: SqljsEngine | undefined;

export class DatabaseSync {
  readonly #options: DatabaseSyncOptions;
  #connection: SqljsConnection | undefined;

  /** @throws HoldfastError `HOLDFAST_UNSUPPORTED` for anything but `:memory:`; stock sql.js has no files */
  constructor(location: string, options: DatabaseSyncOptions = {}) {
    if (location !== ":memory:") {
      throw new HoldfastError(
        "HOLDFAST_UNSUPPORTED",
        `DatabaseSync on sql.js keeps databases in memory only, so it cannot open '${location}'. For durable data use openStorage of holdfast.`,
      );
    }
    this.#options = options;
    if (options.open !== false) this.open();
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen ?? false;
  }

  get isTransaction(): boolean {
    return this.#use().inTransaction;
  }

  /** @throws Error `ERR_INVALID_STATE` if it is open */
  open(): void {
    if (this.isOpen) throw nodeError("ERR_INVALID_STATE", "database is already open");
    engine ??= new SqljsEngine(loadInstalled());
    this.#connection = new SqljsConnection(engine, ":memory:");
    if (this.#options.enableForeignKeyConstraints !== false) this.#connection.exec("PRAGMA foreign_keys = ON");
  }

  /** @throws Error `ERR_INVALID_STATE` if it is not open */
  close(): void {
    this.#use().close();
  }

  [Symbol.dispose](): void {
    if (this.isOpen) this.close();
  }

  /** Runs every statement of a text, ignoring rows. @throws Error `ERR_SQLITE_ERROR` with `errcode` and `errstr` */
  exec(sql: string): void {
    const connection = this.#use();
    rethrowAsNode(() => connection.exec(sql));
  }

  /** Compiles the first statement of a text. @throws Error `ERR_SQLITE_ERROR`, or `ERR_INVALID_STATE` if there is none */
  prepare(sql: string): StatementSync {
    const connection = this.#use();
    const prepared = rethrowAsNode(() => connection.prepare(sql));
    if (!prepared) throw nodeError("ERR_INVALID_STATE", "statement has been finalized");
    return new StatementSync(connection, prepared.statement, sql.slice(0, sql.length - prepared.tail.length));
  }

  #use(): SqljsConnection {
    if (!this.#connection?.isOpen) throw nodeError("ERR_INVALID_STATE", "database is not open");
    return this.#connection;
  }
}
