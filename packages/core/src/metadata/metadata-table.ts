/** The hidden table of what an object knows about itself (`spec/kv` §2.1). It appears with the first write, as on the platform. */
import type { SqlValue } from "../contract/index.js";
import type { OwnStatements } from "../sql/own-statements.js";
import type { Transaction, WriteOptions } from "../transaction/transaction.js";

/** Rows of the table. The platform's local runtime uses 1 and 2 (a counter of bookmarks, which here are positions of the log). */
const MetadataKey = { ALARM: 1, NAME: 3 } as const;

const CREATE = "CREATE TABLE _cf_METADATA (\n        key INTEGER PRIMARY KEY,\n        value BLOB\n      )";

/** Alarms are stored as the platform's local runtime stores them. */
const NANOSECONDS = 1_000_000;

export interface MetadataParts {
  readonly statements: OwnStatements;
  readonly transaction: Transaction;
}

export class MetadataTable {
  readonly #parts: MetadataParts;
  #known: { readonly rollbacks: number; readonly exists: boolean } | undefined;

  constructor(parts: MetadataParts) {
    this.#parts = parts;
  }

  /** Milliseconds since the epoch. */
  get alarm(): number | null {
    const value = this.#get(`SELECT value / ${NANOSECONDS} FROM _cf_METADATA WHERE key = ${MetadataKey.ALARM}`);
    return typeof value === "number" ? value : null;
  }

  setAlarm(alarm: number | null, options: WriteOptions): void {
    // Multiplied by SQLite: beyond 2^53 JavaScript would not be exact.
    this.#set(MetadataKey.ALARM, `CAST(?1 AS INTEGER) * ${NANOSECONDS}`, alarm, options);
  }

  /** The name by which the object was first reached, for sessions that an alarm begins. */
  get name(): string | undefined {
    const value = this.#get(`SELECT value FROM _cf_METADATA WHERE key = ${MetadataKey.NAME}`);
    return typeof value === "string" ? value : undefined;
  }

  setName(name: string, options: WriteOptions): void {
    if (this.name !== name) this.#set(MetadataKey.NAME, "?1", name, options);
  }

  #get(sql: string): SqlValue | undefined {
    this.#parts.transaction.willRead();
    return this.#exists ? this.#parts.statements.first(sql, [])?.[0] : undefined;
  }

  #set(key: number, expression: string, value: SqlValue, options: WriteOptions): void {
    const { statements, transaction } = this.#parts;
    transaction.willWrite(options);
    if (!this.#exists) {
      statements.first(CREATE, []);
      this.#known = undefined;
    }
    statements.first(`INSERT OR REPLACE INTO _cf_METADATA (key, value) VALUES (${key}, ${expression})`, [value]);
  }

  get #exists(): boolean {
    const { rollbacks } = this.#parts.transaction;
    if (this.#known?.exists !== true || this.#known.rollbacks !== rollbacks) {
      this.#known = { rollbacks, exists: this.#parts.statements.tableExists("_cf_METADATA") };
    }
    return this.#known.exists;
  }
}
