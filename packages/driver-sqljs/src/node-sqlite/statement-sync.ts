/** `StatementSync` of `node:sqlite` on stock sql.js. */
import type { SqlValue } from "@holdfast/core/contract";
import type { SqljsConnection } from "../connection.js";
import type { SqljsStatement } from "../statement.js";
import { nodeError, rethrowAsNode } from "./node-error.js";

type Row = Record<string, SqlValue> | SqlValue[];

export class StatementSync {
  /** The text it was compiled from. */
  readonly sourceSQL: string;
  readonly #connection: SqljsConnection;
  readonly #statement: SqljsStatement;
  #asArrays = false;
  #allowBareNames = true;

  /** Made by `DatabaseSync.prepare` only. */
  constructor(connection: SqljsConnection, statement: SqljsStatement, sourceSQL: string) {
    this.#connection = connection;
    this.#statement = statement;
    this.sourceSQL = sourceSQL;
  }

  /** Every row, as objects without a prototype, or as arrays after {@link setReturnArrays}. Values are bound by position, or by name from
   * a first argument that is a plain object. @throws Error `ERR_SQLITE_ERROR`, `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` */
  all(...values: unknown[]): Row[] {
    return [...this.#rows(values)];
  }

  /** The first row, or `undefined`. */
  get(...values: unknown[]): Row | undefined {
    for (const row of this.#rows(values)) return row;
    return undefined;
  }

  /** Rows as they are asked for. */
  iterate(...values: unknown[]): IterableIterator<Row, undefined> {
    return this.#rows(values);
  }

  /** Runs to the end. `changes` counts the rows of the last INSERT, UPDATE or DELETE. */
  run(...values: unknown[]): { changes: number; lastInsertRowid: number } {
    for (const _ of this.#rows(values));
    const last = this.#connection.prepare("SELECT last_insert_rowid()")?.statement;
    last?.step();
    const lastInsertRowid = Number(last?.row()[0]);
    last?.finalize();
    return { changes: this.#connection.changes, lastInsertRowid };
  }

  /** Names of the result columns. */
  columns(): { name: string }[] {
    return this.#statement.columnNames.map((name) => ({ name }));
  }

  setReturnArrays(enabled: boolean): void {
    this.#asArrays = enabled;
  }

  /** Whether `{ a: 1 }` may bind `:a`, `@a` and `$a`; it may if this is not called. */
  setAllowBareNamedParameters(enabled: boolean): void {
    this.#allowBareNames = enabled;
  }

  *#rows(values: readonly unknown[]): Generator<Row, undefined> {
    const statement = this.#statement;
    rethrowAsNode(() => {
      statement.reset();
      this.#bind(values);
    });
    try {
      while (rethrowAsNode(() => statement.step())) yield this.#row();
    } finally {
      statement.reset();
    }
    return undefined;
  }

  #row(): Row {
    const values = this.#statement.row();
    for (const value of values) refuseInexact(value);
    if (this.#asArrays) return values;
    const row: Record<string, SqlValue> = Object.create(null);
    for (const [i, name] of this.#statement.columnNames.entries()) row[name] = values[i] ?? null;
    return row;
  }

  #bind(values: readonly unknown[]): void {
    const [first, ...rest] = values;
    const named = typeof first === "object" && first !== null && !ArrayBuffer.isView(first) ? first : undefined;
    this.#statement.bind([]);
    for (const [name, value] of Object.entries(named ?? {})) this.#bindOne(this.#indexOf(name), value);
    for (const [i, value] of (named ? rest : values).entries()) this.#bindOne(i + 1, value);
  }

  #bindOne(index: number, value: unknown): void {
    if (typeof value === "bigint") this.#statement.bindInteger(index, toInt32(value));
    else this.#statement.bindAt(index, toSqlValue(value));
  }

  #indexOf(name: string): number {
    const { engine } = this.#connection;
    const candidates = this.#allowBareNames && !/^[:@$]/.test(name) ? [`$${name}`, `:${name}`, `@${name}`] : [name];
    for (const candidate of candidates) {
      const index = engine.withText(candidate, (text) =>
        engine.module._sqlite3_bind_parameter_index(this.#statement.handle, text),
      );
      if (index > 0) return index;
    }
    throw nodeError("ERR_INVALID_STATE", `Unknown named parameter '${name}'`);
  }
}

/** Node refuses integers that a number cannot hold; stock sql.js gives them rounded, which beyond 2^53 cannot be told apart from REAL. */
function refuseInexact(value: SqlValue): void {
  if (
    typeof value === "number" &&
    Number.isInteger(value) &&
    Math.abs(value) > Number.MAX_SAFE_INTEGER &&
    Math.abs(value) <= 2 ** 63
  ) {
    throw nodeError("ERR_OUT_OF_RANGE", `Value is too large to be represented as a JavaScript number: ${value}`);
  }
}

function toSqlValue(value: unknown): SqlValue {
  if (value === null || typeof value === "number" || typeof value === "string") return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  throw nodeError("ERR_INVALID_ARG_TYPE", "Provided value cannot be bound to SQLite parameter.");
}

/** Stock sql.js binds integers of 32 bits only; a larger one would silently become a REAL. */
function toInt32(value: bigint): number {
  if (BigInt.asIntN(32, value) === value) return Number(value);
  throw nodeError("ERR_OUT_OF_RANGE", `BigInt value is too large to bind on sql.js, which takes 32 bits: ${value}`);
}
