/** Random transactions (savepoints, rollbacks, schema changes, blobs, vacuuming, a cache small enough to spill): the captured commits
 * give the database back, page for page, and it is the same database as one that nobody captures. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { sqljs } from "../src/index.js";
import { DatabaseSync } from "../src/node-sqlite/database-sync.js";
import { ArrayImage, openDatabase, query } from "./support.js";

const driver = sqljs();
const small = fc.integer({ min: 1, max: 5 });
const table = small.map((n) => `t${n}`);

const write = fc.oneof(
  fc.tuple(table, fc.integer({ min: 0, max: 60_000 })).map(([t, n]) => `INSERT INTO ${t}(a, b) VALUES (${n}, zeroblob(${n}))`),
  fc
    .tuple(table, fc.uint8Array({ maxLength: 200 }))
    .map(([t, b]) => `INSERT INTO ${t}(a, b) VALUES (1, x'${Buffer.from(b).toString("hex")}')`),
  fc.tuple(table, small).map(([t, n]) => `UPDATE ${t} SET a = a + 1, b = substr(b || b, 1, 3000) WHERE id % ${n} = 0`),
  fc.tuple(table, small).map(([t, n]) => `DELETE FROM ${t} WHERE id % ${n} = 0`),
  fc.tuple(table, table).map(([t, u]) => `INSERT OR REPLACE INTO ${t}(id, a, b) SELECT id, a, b FROM ${u}`),
  table.map((t) => `CREATE TABLE IF NOT EXISTS ${t}(id INTEGER PRIMARY KEY, a, b BLOB)`),
  table.map((t) => `DROP TABLE IF EXISTS ${t}`),
  fc.tuple(table, small).map(([t, n]) => `CREATE INDEX IF NOT EXISTS i${n} ON ${t}(a)`),
  small.map((n) => `DROP INDEX IF EXISTS i${n}`),
  small.map((n) => `SAVEPOINT s${n}`),
  small.map((n) => `ROLLBACK TO s${n}`),
  small.map((n) => `RELEASE s${n}`),
);
const transaction = fc.record({
  writes: fc.array(write, { maxLength: 6 }),
  end: fc.constantFrom("COMMIT", "COMMIT", "COMMIT", "ROLLBACK"),
});
const program = fc.record({
  transactions: fc.array(transaction, { minLength: 1, maxLength: 12 }),
  vacuum: fc.boolean(),
  spill: fc.boolean(),
});

test("the commits are the database", async () => {
  let transactions = 0;
  await fc.assert(
    fc.asyncProperty(program, async ({ transactions: list, vacuum, spill }) => {
      const { database, image, commits } = await openDatabase(driver);
      const reference = new DatabaseSync(":memory:");
      const start = `PRAGMA auto_vacuum = ${vacuum ? "INCREMENTAL" : "NONE"}; PRAGMA foreign_keys = ON`;
      for (const one of [database, reference]) one.exec(start);
      if (spill) database.exec("PRAGMA cache_size = 8; PRAGMA cache_spill = 1");
      const both = (sql: string) => expect(outcome(() => database.exec(sql))).toBe(outcome(() => reference.exec(sql)));
      for (const { writes, end } of list) {
        both("BEGIN");
        for (const sql of writes) both(sql);
        both(end);
        if (vacuum) both("PRAGMA incremental_vacuum(3)");
        transactions += 1;
      }
      const replayed = new ArrayImage();
      for (const commit of commits) replayed.apply(commit);
      expect(replayed.pageCount).toBe(image.pageCount);
      for (let page = 1; page <= image.pageCount; page++) expect(Buffer.compare(replayed.read(page), image.read(page))).toBe(0);
      const reopened = await openDatabase(driver, { pages: replayed.pages });
      expect(query(reopened.database, "PRAGMA integrity_check")).toEqual([["ok"]]);
      for (const { name } of reference.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as {
        name: string;
      }[]) {
        const digest = `SELECT count(*), coalesce(sum(id), 0), coalesce(sum(a), 0), coalesce(group_concat(hex(b)), '') FROM ${name}`;
        const expected = reference.prepare(digest);
        expected.setReturnArrays(true);
        expect(query(reopened.database, digest)).toEqual(expected.all());
      }
      reopened.database.close();
      database.close();
      reference.close();
    }),
    { numRuns: 150 },
  );
  console.log(`capture fuzz: ${transactions} random transactions, every image equal to its replay`);
}, 120_000);

function outcome(run: () => void): string {
  try {
    run();
    return "ok";
  } catch (error) {
    return (error as Error).message;
  }
}
