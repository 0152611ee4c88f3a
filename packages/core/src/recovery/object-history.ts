/** recovery/object-history.ts
 * One object's history as somebody reads it who is not the object: a tool, beside a host that runs it. Nothing here writes. */
import type { PastRestore, TimelineEntry } from "../contract/index.js";
import type { SqlRow } from "../sql/cursor.js";
import { exportAt, openAt, type PastQuery, queryAt, select } from "./past-database.js";

/** One record of the history. */
export interface HistoryEntry extends Omit<TimelineEntry, "position"> {
  /** Leads back to the state after it. */
  readonly bookmark: string;
  /** When, milliseconds since the epoch. */
  readonly at: number;
}

/** A table at a moment, the hidden ones of key-value pairs and metadata included. */
export interface TableSize {
  readonly name: string;
  readonly rows: number;
}

export class ObjectHistory {
  readonly #past: PastQuery;
  readonly #onClosed: () => Promise<void>;

  /** Made by `openHistory`. */
  constructor(past: PastQuery, onClosed: () => Promise<void>) {
    this.#past = past;
    this.#onClosed = onClosed;
  }

  /** Whether anything was ever written. */
  get isEmpty(): boolean {
    return this.#past.timeline.head.epoch === 0;
  }

  /** The bookmark of the newest durable state. */
  get bookmark(): string {
    const { timeline } = this.#past;
    return timeline.bookmark(timeline.head);
  }

  /** The bookmark of the newest state at or before a time, milliseconds since the epoch. */
  async bookmarkAt(ms: number): Promise<string> {
    const { timeline } = this.#past;
    return timeline.bookmark(await timeline.resolveTime(ms));
  }

  /** What is retained, oldest first. @throws HoldfastError `HOLDFAST_LOG_CORRUPT`, as a rejection, at damage */
  async *entries(): AsyncGenerator<HistoryEntry> {
    const { timeline } = this.#past;
    for await (const { position, ...entry } of timeline.entries({})) {
      yield { ...entry, bookmark: timeline.bookmark(position), at: position.wallMs };
    }
  }

  /** Restores that were carried out, or could not be, in order. */
  async restores(): Promise<PastRestore[]> {
    const restores: PastRestore[] = [];
    for await (const restore of this.#past.timeline.restores()) restores.push(restore);
    return restores;
  }

  /** The database at a bookmark as the bytes of an ordinary SQLite file.
   * @throws TypeError for text that is no bookmark; Error for one that is not of this object, or no longer retained */
  exportAt(bookmark: string): Promise<Uint8Array> {
    return exportAt(this.#past.timeline, bookmark);
  }

  /** The rows of one statement that reads, run on the database at a bookmark under the rules of `sql.exec`.
   * @throws as {@link exportAt}; SQLite's errors as `sql.exec` does; HoldfastError `HOLDFAST_USAGE` for a statement that writes, or several */
  queryAt(bookmark: string, sql: string, ...bindings: unknown[]): Promise<SqlRow[]> {
    return queryAt(this.#past, bookmark, sql, bindings);
  }

  /** The tables at a bookmark, by name. @throws as {@link exportAt} */
  tablesAt(bookmark: string): Promise<TableSize[]> {
    return openAt(this.#past, bookmark, allowed, (database) => {
      const names = select(database, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
      return names.map(({ name }) => ({
        name: String(name),
        rows: Number(select(database, `SELECT count(*) AS n FROM ${quoted(String(name))}`)[0]?.["n"]),
      }));
    });
  }

  /** All rows of a table at a bookmark, none if there is no such table. @throws as {@link exportAt} */
  rowsAt(bookmark: string, table: string): Promise<SqlRow[]> {
    return openAt(this.#past, bookmark, allowed, (database) => {
      const found = select(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table]);
      return found.length === 0 ? [] : select(database, `SELECT * FROM ${quoted(table)}`);
    });
  }

  /** What SQLite's `integrity_check` finds wrong at a bookmark; nothing, if all is well. @throws as {@link exportAt} */
  integrityAt(bookmark: string): Promise<string[]> {
    return openAt(this.#past, bookmark, allowed, (database) => {
      const found = select(database, "PRAGMA integrity_check").map((row) => String(Object.values(row)[0]));
      return found.filter((line) => line !== "ok");
    });
  }

  /** Lets go of the log, and of the store if it was opened for it. */
  async close(): Promise<void> {
    await this.#past.timeline.close();
    await this.#onClosed();
  }
}

/** Nothing is forbidden to what is written here: the database cannot be changed. */
const allowed = (): "ok" => "ok";

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
