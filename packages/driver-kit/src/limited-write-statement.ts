/** limited-write-statement.ts
 * A rewritten `UPDATE … LIMIT` or `DELETE … LIMIT` that stays right when the table is made anew: what identifies a row may be another then, so
 * each run begins with a look, and with another statement if need be. */
import type { RowCounts, SqliteStatement, SqlValue } from "@holdfast/core/contract";
import { rewriteLimitedWrite } from "./limited-write.js";
import { SqliteFailure } from "./sqlite-failure.js";
import { type Query, tableKey } from "./table-key.js";

export interface LimitedWriteParts {
  readonly query: Query;
  /** Compiles one statement. @throws SqliteFailure */
  compile(sql: string): SqliteStatement | undefined;
}

/** The first statement of a text that the engine refused for its ORDER BY or LIMIT; `undefined` if that was not the reason.
 * @throws SqliteFailure */
export function prepareLimitedWrite(
  sql: string,
  refused: unknown,
  parts: LimitedWriteParts,
): { statement: SqliteStatement; tail: string } | undefined {
  if (!/^near "(ORDER|LIMIT)": syntax error$/i.test((refused as Error).message)) return undefined;
  const rewrite = () => rewriteLimitedWrite(sql, (table) => tableKey(parts.query, table));
  const rewritten = rewrite();
  const inner = rewritten && withoutOffset(() => parts.compile(rewritten.sql));
  if (!inner) return undefined;
  const again = () => {
    const { sql } = rewrite() ?? rewritten;
    return { sql, compile: () => withoutOffset(() => parts.compile(sql)) ?? inner };
  };
  return { statement: new LimitedWriteStatement(rewritten.sql, inner, again), tail: rewritten.tail };
}

class LimitedWriteStatement implements SqliteStatement {
  readonly #again: () => { readonly sql: string; compile(): SqliteStatement };
  #sql: string;
  #inner: SqliteStatement;
  #values: readonly SqlValue[] = [];
  #isRunning = false;

  constructor(sql: string, inner: SqliteStatement, again: () => { readonly sql: string; compile(): SqliteStatement }) {
    this.#sql = sql;
    this.#inner = inner;
    this.#again = again;
  }

  get readOnly(): boolean {
    return this.#inner.readOnly;
  }

  get parameterCount(): number {
    return this.#inner.parameterCount;
  }

  get columnNames(): readonly string[] {
    return this.#inner.columnNames;
  }

  bind(values: readonly SqlValue[]): void {
    this.#values = values.map((value) => (value instanceof Uint8Array ? value.slice() : value));
    this.#inner.bind(values);
  }

  step(): boolean {
    if (!this.#isRunning) this.#renew();
    this.#isRunning = true;
    return withoutOffset(() => this.#inner.step());
  }

  row(): SqlValue[] {
    return this.#inner.row();
  }

  reset(): void {
    this.#isRunning = false;
    this.#inner.reset();
  }

  finalize(): void {
    this.#inner.finalize();
  }

  counts(): RowCounts {
    return this.#inner.counts();
  }

  #renew(): void {
    const { sql, compile } = this.#again();
    if (sql === this.#sql) return;
    this.#inner.finalize();
    this.#inner = compile();
    this.#sql = sql;
    this.#inner.bind(this.#values);
  }
}

/** An offset into the rewritten text would mislead. */
function withoutOffset<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof SqliteFailure) || error.offset === undefined) throw error;
    const { code, message, extendedCode, cause } = error;
    throw new SqliteFailure(code, message, { extendedCode, cause });
  }
}
