/** long-logs.ts
 * An object of 95 MB with 100,000 commits behind it: opened after its process was killed, after a close in order, and taken back to its middle. And how
 * much memory 10,000 small objects take. Each in a process of its own. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DurableObject } from "@holdfast/host/cloudflare-workers";
import { type DurableObjectNamespace, openHost, openStorage } from "holdfast";
import { inAnotherProcess } from "./another-process.js";
import { timed } from "./measure.js";

const ROWS = 47_500;
const ROW_BYTES = 1950;
const COMMITS = 100_000;
const OBJECTS = 10_000;

export interface LongLogTimes {
  readonly openAfterKillMs: number;
  readonly openAfterCloseMs: number;
  /** Of the bookmark. */
  readonly askMs: number;
  /** Ending the session, and beginning the next one at the middle. */
  readonly restoreMs: number;
}

export async function longLogTimes(main: string): Promise<LongLogTimes> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-long-"));
  inAnotherProcess(main, "--fill-long-log", dir);
  const { openMs: openAfterKillMs } = JSON.parse(inAnotherProcess(main, "--open-long-log", dir));
  const { openMs: openAfterCloseMs, askMs, restoreMs } = JSON.parse(inAnotherProcess(main, "--open-long-log", dir, "restore"));
  await rm(dir, { recursive: true });
  return { openAfterKillMs, openAfterCloseMs, askMs, restoreMs };
}

/** Megabytes of a process with so many objects that have all run. */
export function objectsMegabytes(main: string): number {
  return Number(inAnotherProcess(main, "--many-objects"));
}

/** Writes the object, and kills this process. */
export async function fillLongLog(dir: string): Promise<never> {
  const { storage } = await openStorage({ dir, id: "long" });
  const { sql } = storage;
  sql.exec("CREATE TABLE rows (id INTEGER PRIMARY KEY, data BLOB, n INTEGER)");
  for (let row = 0; row < ROWS; row++) {
    sql.exec("INSERT INTO rows (data, n) VALUES (randomblob(?), 0)", ROW_BYTES);
    if (row % 50 === 49) await storage.sync();
  }
  for (let commit = 0; commit < COMMITS; commit++) {
    sql.exec("UPDATE rows SET n = n + 1 WHERE id = ?", 1 + ((commit * 7919) % ROWS));
    if (commit === COMMITS / 2) await writeFile(join(dir, "middle"), await storage.getCurrentBookmark());
    if (commit % 500 === 499) await storage.sync();
    else await new Promise(setImmediate);
  }
  await storage.sync();
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
}

/** Opens the object, and restores its middle if that is asked for; prints the times. */
export async function openLongLog(dir: string, restore: boolean): Promise<void> {
  await (await openStorage({ id: "first" })).close(); // the engine is loaded with the first database of a process,
  await new Promise((resolve) => setTimeout(resolve, 500)); // and then compiled once more, better, on all processors
  const start = performance.now();
  const opened = await openStorage({ dir, id: "long" });
  const openMs = performance.now() - start;
  const middle = await readFile(join(dir, "middle"), "utf8");
  const askMs = restore ? await timed(() => opened.storage.onNextSessionRestoreBookmark(middle)) : 0;
  const restoreMs = restore ? await timed(() => opened.restart()) : 0;
  const { n } = opened.storage.sql.exec<{ n: number }>("SELECT sum(n) AS n FROM rows").one();
  if (n !== (restore ? COMMITS / 2 + 1 : COMMITS)) throw new Error(`the object holds ${n} changes`);
  await opened.close();
  console.log(JSON.stringify({ openMs, askMs, restoreMs }));
}

/** Runs many objects and prints the megabytes that the process has then. */
export async function runManyObjects(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-many-"));
  class Small extends DurableObject {
    declare ctx: { readonly storage: { readonly sql: { exec(sql: string): unknown } } };
    write(): void {
      this.ctx.storage.sql.exec("CREATE TABLE t (n INTEGER)");
      this.ctx.storage.sql.exec("INSERT INTO t VALUES (1)");
    }
  }
  const host = await openHost<{ SMALL: DurableObjectNamespace<Small> }>({
    dir,
    worker: { Small },
    durableObjects: { SMALL: { className: "Small" } },
  });
  for (let first = 0; first < OBJECTS; first += 100) {
    const some = Array.from({ length: 100 }, (_, i) => host.env.SMALL.getByName(`small ${first + i}`));
    await Promise.all(some.map((stub) => stub.write()));
  }
  console.log(Math.round(process.memoryUsage.rss() / 1e6));
  await host.close();
  await rm(dir, { recursive: true });
}
