/** recovery/past-database.ts
 * A database as it was, beside the present one: to be read, never written. The present session does not notice. */
import {
  type Authorizer,
  type OpenOptions,
  PAGE_SIZE,
  type Position,
  type SqliteDatabase,
  type SqliteDriver,
  type TimelineReader,
} from "../contract/index.js";
import { HoldfastError } from "../error.js";
import { foreignBookmark, malformedBookmark, WRONG_BINDING_COUNT } from "../messages.js";
import { type Cell, toCells, toSqlValue } from "../sql/bindings.js";
import type { SqlRow } from "../sql/cursor.js";
import { toPlatformError } from "../sql/sql-error.js";
import { SqlPolicy } from "../sql/sql-policy.js";

export interface PastQuery {
  readonly timeline: TimelineReader;
  readonly driver: SqliteDriver;
  readonly objectId: string;
  readonly limits: OpenOptions["limits"];
  readonly cacheBytes: number;
  readonly maxPageCount: number;
}

/** Where a bookmark leads. @throws TypeError for text that is no bookmark; Error for one that is not of this object, or no longer retained */
async function positionOf(timeline: TimelineReader, bookmark: string): Promise<Position> {
  const found = await timeline.resolveBookmark(bookmark);
  if (found.kind === "malformed") throw malformedBookmark(bookmark);
  if (found.kind === "unknown") throw foreignBookmark(bookmark);
  return found.position;
}

/** The database at a bookmark as the bytes of an ordinary SQLite file. @throws as {@link positionOf} */
export async function exportAt(timeline: TimelineReader, bookmark: string): Promise<Uint8Array> {
  const image = await timeline.image(await positionOf(timeline, bookmark));
  const bytes = new Uint8Array(image.pageCount * PAGE_SIZE);
  for (let page = 1; page <= image.pageCount; page++) bytes.set(image.read(page), (page - 1) * PAGE_SIZE);
  image.close();
  return bytes;
}

/** The rows of one statement that reads, run on the database at a bookmark, under the same rules as `sql.exec`.
 * @throws as {@link positionOf}; SQLite's errors as `sql.exec` does; HoldfastError `HOLDFAST_USAGE` for a statement that writes, or several */
export async function queryAt(past: PastQuery, bookmark: string, sql: string, bindings: readonly unknown[]): Promise<SqlRow[]> {
  const policy = new SqlPolicy();
  return openAt(past, bookmark, policy.authorize, (database) => {
    try {
      policy.startStatement(sql);
      return select(database, sql, bindings);
    } catch (error) {
      throw toPlatformError(policy, error);
    }
  });
}

/** Opens the database at a bookmark for reading, with what may be asked of it. @throws as {@link positionOf} */
export async function openAt<T>(
  { timeline, driver, objectId, limits, cacheBytes, maxPageCount }: PastQuery,
  bookmark: string,
  authorize: Authorizer,
  use: (database: SqliteDatabase) => T,
): Promise<T> {
  const position = await positionOf(timeline, bookmark);
  const database = await driver.open({
    objectId: `${objectId} at ${bookmark}`,
    head: position,
    image: await timeline.image(position),
    ...{ maxPageCount, cacheBytes, limits, authorize },
    beforeCommit: () => "full",
    onCommit: () => {
      throw readsOnly();
    },
    durable: () => position,
  });
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** @throws HoldfastError `HOLDFAST_USAGE` for a statement that writes, or several; Error for a wrong number of bindings; SQLite's errors */
export function select(database: SqliteDatabase, sql: string, bindings: readonly unknown[] = []): SqlRow[] {
  const prepared = database.prepare(sql);
  if (!prepared?.statement.readOnly || prepared.tail.trim() !== "") throw readsOnly();
  const { statement } = prepared;
  if (statement.parameterCount !== bindings.length) throw new Error(WRONG_BINDING_COUNT);
  statement.bind(bindings.map(toSqlValue));
  const rows: SqlRow[] = [];
  while (statement.step()) {
    const cells = toCells(statement.row());
    rows.push(Object.fromEntries(statement.columnNames.map((name, i) => [name, cells[i] as Cell])));
  }
  return rows;
}

function readsOnly(): HoldfastError {
  return new HoldfastError("HOLDFAST_USAGE", "The past takes one statement that reads. Restore the bookmark to go on from it.");
}
