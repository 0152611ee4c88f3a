/** The holdfast driver on Node's own SQLite. */
import type { DriverSupport, OpenOptions, SqliteDatabase, SqliteDriver } from "@holdfast/core/contract";
import { NodeDatabase } from "./database.js";
import { loadNodeSqlite } from "./node-sqlite.js";

/** parity: sql-offsets, sql-row-counts, sql-native-text, sql-native-extras */
const SUPPORTS: DriverSupport = {
  fts5: true,
  rtree: true,
  authorizer: true,
  limits: true,
  limitedWrites: false,
  errorOffset: false,
  quota: "max_page_count",
  rowCounts: "estimated",
  capture: "wal-tail",
  exactText: false,
};

export interface NodeSqliteOptions {
  /** A folder for the files that cache the databases; made if it is not there. It may be lost at any time: the timelines are the truth. Not to
   * be shared by two processes that open the same objects. */
  readonly scratchDir: string;
}

/** A driver on `node:sqlite`, for Node 24 and newer: native speed where statements scan or sort much.
 * Its `open` rejects with HoldfastError `HOLDFAST_UNSUPPORTED` on an older Node. */
export function nodeSqlite({ scratchDir }: NodeSqliteOptions): SqliteDriver {
  return {
    name: "node",
    supports: SUPPORTS,
    async open(options: OpenOptions): Promise<SqliteDatabase> {
      return new NodeDatabase(loadNodeSqlite(), scratchDir, options);
    },
  };
}
