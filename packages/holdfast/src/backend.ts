/** The default backend: our own build of SQLite, and a timeline in memory or in a folder. */

import type { SqliteBackend, SqliteDriver, SqlLimits } from "@holdfast/core/contract";
import { HoldfastError } from "@holdfast/core/contract";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { memoryStore, timelineSource } from "@holdfast/timeline";
import type { LogStore } from "@holdfast/timeline/contract";
import { folderStore } from "#parts";
import type { Platform } from "./platform.js";

export interface BackendOptions {
  /** A folder for the timelines; made if it is not there. Not together with `store`. Memory if both are left out. */
  readonly dir?: string;
  /** Another store for the timelines. The caller closes it. */
  readonly store?: LogStore;
  /** Another SQLite engine; holdfast's own build if left out. */
  readonly driver?: SqliteDriver;
  /** SQLite's limits, where they are to differ from the platform's: `{ length: 8_388_642 }` for values of 8 MiB. Bytes; 2,200,000 by default. */
  readonly limits?: SqlLimits;
  /** Bytes that one object's database may have. What would make it larger fails with `database or disk is full: SQLITE_FULL`, and what the turn
   * has written is undone. Default 10 GB, as on the platform. At least 64 KiB. */
  readonly maxDatabaseBytes?: number;
  /** Bytes of pages that one commit may write. One that would write more fails in the same way. Default 1 GiB. At least 64 KiB. With node:sqlite, which
   * cannot refuse a commit, it has no effect. */
  readonly maxCommitBytes?: number;
  /** Bytes that the files of `dir` may have: a commit that may make them more fails in the same way, also one that deletes, for history is kept. What an object
   * was opened with counts too. No limit by default. With node:sqlite, which cannot refuse a commit, it has no effect. */
  readonly maxFolderBytes?: number;
  /** How far back an object can be restored, milliseconds. Default 30 days, as on the platform. */
  readonly retentionMs?: number;
  /** Bytes that the records of one object's history may have. When it is opened with more, the oldest are made one state, which is as far back as it can be
   * restored then. The present session, what is armed, and what a restore that can still be undone led to, stay. No limit by default. */
  readonly historyBytes?: number;
}

export interface OwnedBackend {
  readonly backend: SqliteBackend;
  /** Objects with an alarm up to a time, earliest first. */
  due: LogStore["due"];
  /** Closes what `openBackend` made. */
  close(): Promise<void>;
}

const LEAST_BYTES = 64 * 1024;

let sharedDriver: SqliteDriver | undefined;

function folderOptions({ maxFolderBytes }: BackendOptions): Parameters<typeof folderStore>[1] {
  return { ...(maxFolderBytes !== undefined && { maxFolderBytes }) };
}

/** @throws HoldfastError `HOLDFAST_USAGE` if both `dir` and `store` are given */
export function openBackend(options: BackendOptions, { now, random }: Platform): OwnedBackend {
  if (options.dir !== undefined && options.store) {
    throw new HoldfastError("HOLDFAST_USAGE", "Give either `dir` or `store`: both say where timelines are kept.");
  }
  const { maxDatabaseBytes, maxCommitBytes, retentionMs, historyBytes } = options;
  for (const [name, value] of Object.entries({ retentionMs, historyBytes, maxFolderBytes: options.maxFolderBytes })) {
    if (value === undefined || value >= 0) continue;
    throw new HoldfastError("HOLDFAST_USAGE", `${name} must not be negative, but is ${value}.`);
  }
  for (const [name, bytes] of Object.entries({ maxDatabaseBytes, maxCommitBytes })) {
    if (bytes === undefined || bytes >= LEAST_BYTES) continue;
    throw new HoldfastError("HOLDFAST_USAGE", `${name} must be at least ${LEAST_BYTES}, but is ${bytes}.`);
  }
  sharedDriver ??= sqliteWasm();
  const store = options.store ?? (options.dir === undefined ? memoryStore() : folderStore(options.dir, folderOptions(options)));
  return {
    backend: {
      kind: "sqlite",
      driver: options.driver ?? sharedDriver,
      timelines: timelineSource({
        ...{ store, now, random },
        ...(retentionMs !== undefined && { retentionMs }),
        ...(historyBytes !== undefined && { historyBytes }),
      }),
      ...(options.limits && { limits: options.limits }),
      ...(maxDatabaseBytes !== undefined && { maxDatabaseBytes }),
      ...(maxCommitBytes !== undefined && { maxCommitBytes }),
      ...(retentionMs !== undefined && { retentionMs }),
    },
    due: (beforeMs, limit) => store.due(beforeMs, limit),
    close: async () => {
      if (!options.store) await store.close();
    },
  };
}
