/** large-object.ts
 * An object of 1 GB: the most memory that a process takes which changes every row of it, takes it back, or deletes everything. Each in a process of its
 * own. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "holdfast";
import { inAnotherProcess } from "./another-process.js";
import { drivers } from "./drivers.js";

/** A row fills a page. */
const ROW_BYTES = 3950;

export interface LargeObjectMegabytes {
  readonly databaseMegabytes: number;
  readonly fill: number;
  readonly update: number;
  readonly restore: number;
  readonly deleteAll: number;
}

/** Peak resident memory, megabytes, of each step on an object of so many bytes, on one of {@link drivers}. */
export async function largeObjectMegabytes(main: string, driver: string, databaseBytes = 1e9): Promise<LargeObjectMegabytes> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-large-"));
  const step = (name: string) => JSON.parse(inAnotherProcess(main, "--large-object", dir, name, String(databaseBytes), driver));
  const [fill, update, restore, deleteAll] = [step("fill"), step("update"), step("restore"), step("deleteAll")];
  await rm(dir, { recursive: true });
  const peaks = { fill: fill.peak, update: update.peak, restore: restore.peak, deleteAll: deleteAll.peak };
  return { databaseMegabytes: fill.databaseMegabytes, ...peaks };
}

/** Does one step and prints the most memory this process has had. */
export async function runLargeObjectStep(dir: string, step: string, databaseBytes: number, name: string): Promise<void> {
  const rows = Math.floor(databaseBytes / 4096);
  const driver = drivers().find((one) => one.name === name);
  if (!driver) throw new Error(`no driver ${name} on this Node`);
  const opened = await openStorage({ dir, id: "large", driver });
  const { storage } = opened;
  const { sql } = storage;
  const sum = () => sql.exec<{ n: number | null }>("SELECT sum(n) AS n FROM rows").one().n;
  const expect = (n: number) => {
    if (sum() !== n) throw new Error(`the object holds ${sum()} changes instead of ${n}`);
  };
  switch (step) {
    case "fill":
      sql.exec("CREATE TABLE rows (id INTEGER PRIMARY KEY, n INTEGER, data BLOB)");
      for (let row = 0; row < rows; row++) {
        sql.exec("INSERT INTO rows (n, data) VALUES (0, randomblob(?))", ROW_BYTES);
        if (row % 1000 === 999) await storage.sync();
      }
      await storage.sync();
      await writeFile(join(dir, "full"), await storage.getCurrentBookmark());
      expect(0);
      break;
    case "update":
      sql.exec("UPDATE rows SET n = n + 1");
      await storage.sync();
      expect(rows);
      break;
    case "restore":
      expect(rows);
      await storage.onNextSessionRestoreBookmark(await readFile(join(dir, "full"), "utf8"));
      await opened.restart();
      opened.storage.sql.exec("SELECT 1");
      if (opened.storage.sql.exec<{ n: number }>("SELECT sum(n) AS n FROM rows").one().n !== 0) throw new Error("not restored");
      break;
    case "deleteAll":
      expect(0);
      await storage.deleteAll();
      await storage.sync();
      break;
  }
  const databaseMegabytes = Math.round(opened.storage.sql.databaseSize / 1e6);
  await opened.close();
  console.log(JSON.stringify({ peak: Math.round(process.resourceUsage().maxRSS / 1e3), databaseMegabytes }));
}
