/** node-sqlite/statement-sync.ts
 * `StatementSync` of `node:sqlite` on stock sql.js. Each run begins with a reset and with nothing bound, and ends every iterator of an
 * earlier run. */
import { SqliteFailure } from "@holdfast/driver-kit";
import type { SqljsConnection } from "../connection.js";
import type { SqljsStatement } from "../statement.js";
import { expectBoolean } from "./arguments.js";
import { expandSql } from "./expanded-sql.js";
import { bindNative, type NativeReader, readNative, type SQLOutputValue } from "./native-values.js";
import { defineAccessors, shapeAsNode } from "./node-class.js";
import { nodeError, rethrowAsNode } from "./node-error.js";
import { type BareNames, bindArguments } from "./parameters.js";
import { makeIterator, type StatementSyncIterator } from "./statement-iterator.js";

export type Row = Record<string, SQLOutputValue> | SQLOutputValue[];

export interface StatementSettings {
  readonly returnArrays: boolean;
  readonly readBigInts: boolean;
  readonly allowBareNamedParameters: boolean;
  readonly allowUnknownNamedParameters: boolean;
}

/** What a statement needs of its database. */
export interface StatementParts {
  readonly connection: SqljsConnection;
  readonly statement: SqljsStatement;
  readonly sourceSQL: string;
  readonly settings: StatementSettings;
  /** Runs something that may call functions of the application's. @throws what they threw */
  calling<T>(run: () => T): T;
}

let making: StatementParts | undefined;

export class StatementSync {
  /** The text it was compiled from. */
  declare readonly sourceSQL: string;
  /** That text with the bound values in place of the parameters. */
  declare readonly expandedSQL: string;
  readonly #parts: StatementParts;
  readonly #known: { bareNames?: BareNames } = {};
  #settings: StatementSettings;
  /** Number of the run; iterators of another one are invalid. */
  #generation = 0;
  #bound = new Map<number, unknown>();

  /** @throws Error `ERR_ILLEGAL_CONSTRUCTOR` always: statements come from `DatabaseSync.prepare` */
  constructor() {
    const parts = making;
    making = undefined;
    if (!parts) throw nodeError("ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
    this.#parts = parts;
    this.#settings = parts.settings;
    defineAccessors(this, {
      sourceSQL: () => {
        this.#use();
        return parts.sourceSQL;
      },
      expandedSQL: () => {
        this.#use();
        return expandSql(parts.sourceSQL, this.#bound, parts.connection);
      },
    });
  }

  /** Every row, as objects without a prototype, or as arrays after {@link setReturnArrays}.
   * @throws Error `ERR_SQLITE_ERROR`, `ERR_INVALID_STATE`; TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` */
  all(...args: unknown[]): Row[] {
    return this.#run(args, () => {
      const rows: Row[] = [];
      while (this.#step()) rows.push(this.#row());
      return rows;
    });
  }

  /** The first row, or `undefined`. */
  get(...args: unknown[]): Row | undefined {
    return this.#run(args, () => (this.#step() ? this.#row() : undefined));
  }

  /** Makes one step, which is all that a write needs. `changes` and `lastInsertRowid` are the connection's. */
  run(...args: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    this.#run(args, () => this.#step());
    const { changes, lastRowid } = this.#parts.connection; // counted when the statement has ended
    const as = (value: bigint) => (this.#settings.readBigInts ? value : Number(value));
    return { changes: as(changes), lastInsertRowid: as(lastRowid) };
  }

  /** Rows as they are asked for. */
  iterate(...args: unknown[]): StatementSyncIterator {
    this.#use();
    this.#begin(args);
    const generation = this.#generation;
    return makeIterator({
      next: () => {
        this.#use();
        if (generation !== this.#generation) throw nodeError("ERR_INVALID_STATE", "iterator was invalidated");
        return this.#parts.calling(() => rethrowAsNode(() => (this.#step() ? this.#row() : undefined)));
      },
      finish: () => {
        this.#use();
        this.#reset();
      },
      check: () => void this.#use(),
    });
  }

  /** Names of the result columns. Where they come from is not known on sql.js. */
  columns(): { column: null; database: null; name: string; table: null; type: null }[] {
    this.#use();
    return this.#parts.statement.columnNames.map((name) =>
      Object.assign(Object.create(null), { column: null, database: null, name, table: null, type: null }),
    );
  }

  setAllowBareNamedParameters(enabled: boolean): void {
    this.#set("allowBareNamedParameters", enabled, "allowBareNamedParameters");
  }

  setAllowUnknownNamedParameters(enabled: boolean): void {
    this.#set("allowUnknownNamedParameters", enabled, "enabled");
  }

  setReadBigInts(enabled: boolean): void {
    this.#set("readBigInts", enabled, "readBigInts");
  }

  setReturnArrays(enabled: boolean): void {
    this.#set("returnArrays", enabled, "returnArrays");
  }

  #set(name: keyof StatementSettings, enabled: unknown, told: string): void {
    this.#use();
    this.#settings = { ...this.#settings, [name]: expectBoolean(enabled, told) };
  }

  #run<T>(args: readonly unknown[], run: () => T): T {
    this.#use();
    this.#begin(args);
    try {
      return this.#parts.calling(() => rethrowAsNode(run));
    } finally {
      this.#reset();
    }
  }

  /** Resets, forgets what was bound, and binds. An error of the last iteration comes out of the reset once more. */
  #begin(args: readonly unknown[]): void {
    const { connection, statement } = this.#parts;
    const { engine } = connection;
    this.#generation += 1;
    const stale = engine.module._sqlite3_reset(statement.handle);
    if (stale !== 0) rethrowAsNode(() => this.#fail(stale));
    engine.module._sqlite3_clear_bindings(statement.handle);
    this.#bound = new Map();
    const { allowBareNamedParameters, allowUnknownNamedParameters } = this.#settings;
    const bind = (index: number, value: unknown) => {
      const code = bindNative(engine, statement.handle, index, value);
      if (code !== 0) this.#fail(code);
      this.#bound.set(index, bindable(value));
    };
    rethrowAsNode(() =>
      bindArguments(
        {
          sql: this.#parts.sourceSQL,
          allowBareNames: allowBareNamedParameters,
          allowUnknownNames: allowUnknownNamedParameters,
          bind,
        },
        args,
        this.#known,
      ),
    );
  }

  #fail(code: number): never {
    throw this.#parts.connection.failure(code);
  }

  #step(): boolean {
    const { connection, statement } = this.#parts;
    return connection.step(statement);
  }

  #reset(): void {
    const { connection, statement } = this.#parts;
    if (connection.isOpen) connection.engine.module._sqlite3_reset(statement.handle); // its code is that of the step, already told
  }

  #row(): Row {
    const { connection, statement } = this.#parts;
    const { engine } = connection;
    const { handle } = statement;
    const count = engine.module._sqlite3_column_count(handle);
    const values: SQLOutputValue[] = [];
    for (let i = 0; i < count; i++)
      values.push(readNative(engine, columnReader(connection, handle, i), this.#settings.readBigInts));
    if (this.#settings.returnArrays) return values;
    const row: Record<string, SQLOutputValue> = Object.create(null);
    statement.columnNames.forEach((name, i) => {
      row[name] = values[i] ?? null;
    });
    return row;
  }

  #use(): void {
    if (!(#parts in this)) throw new TypeError("Illegal invocation");
    const { connection, statement } = this.#parts;
    if (!connection.isOpen || statement.isFinalized) throw nodeError("ERR_INVALID_STATE", "statement has been finalized");
  }

  static {
    shapeAsNode(StatementSync);
  }
}

export function makeStatement(parts: StatementParts): StatementSync {
  making = parts;
  const statement = new StatementSync();
  dropped.register(statement, parts.statement);
  return statement;
}

/** As in `node:sqlite`, a statement that cannot be reached any more is gone. */
const dropped = new FinalizationRegistry<SqljsStatement>((statement) => statement.finalize());

function columnReader({ engine: { module } }: SqljsConnection, handle: number, index: number): NativeReader {
  return {
    type: () => module._sqlite3_column_type(handle, index),
    double: () => module._sqlite3_column_double(handle, index),
    text: () => module._sqlite3_column_text(handle, index),
    blob: () => module._sqlite3_column_blob(handle, index),
    bytes: () => module._sqlite3_column_bytes(handle, index),
  };
}

/** What `expandedSQL` shows of a value: bytes as they were. */
function bindable(value: unknown): unknown {
  return value instanceof SqliteFailure ? undefined : value;
}
