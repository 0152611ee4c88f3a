/** A database that does not fit in the memory it may take: what a transaction writes, what it may have to put back, and the pages themselves are in
 * scratch files. It reads the same. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHistory, openStorage } from "holdfast";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROWS = 21_000;
const ROW_BYTES = 3950;

let dir: string;
let full: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-large-"));
  const opened = await openStorage({ dir, id: "a" });
  const { sql } = opened.storage;
  sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, data BLOB)");
  for (let row = 0; row < ROWS; row++) {
    sql.exec("INSERT INTO t (n, data) VALUES (?, randomblob(?))", row % 100, ROW_BYTES);
    if (row % 1000 === 999) await opened.storage.sync();
  }
  await opened.storage.sync();
  expect(sql.databaseSize).toBeGreaterThan(80e6);
  full = await opened.storage.getCurrentBookmark();
  await opened.close();
}, 60_000);

afterAll(() => rm(dir, { recursive: true }));

const SUM = "SELECT sum(n) AS n, sum(length(data)) AS bytes, count(*) AS rows FROM t";
const before = {
  n: Array.from({ length: ROWS }, (_, row) => row % 100).reduce((a, b) => a + b),
  bytes: ROWS * ROW_BYTES,
  rows: ROWS,
};

async function integrity(): Promise<string[]> {
  const history = await openHistory({ dir, id: "a" });
  const found = await history.integrityAt(history.bookmark);
  await history.close();
  return found;
}

test("a change of every row that is rolled back leaves no trace: of a savepoint, of a transaction, of an exception", {
  timeout: 60_000,
}, async () => {
  const opened = await openStorage({ dir, id: "a" });
  const { storage } = opened;
  const { sql } = storage;
  const sum = () => sql.exec(SUM).one();
  const nothing = () => {
    throw new Error("no");
  };
  expect(() =>
    storage.transactionSync(() => {
      sql.exec("UPDATE t SET n = n + 1, data = zeroblob(10)");
      nothing();
    }),
  ).toThrow("no");
  expect(sum()).toEqual(before);
  await expect(
    storage.transaction(async () => {
      sql.exec("DELETE FROM t WHERE id % 2");
      expect(sum()).not.toEqual(before);
      nothing();
    }),
  ).rejects.toThrow("no");
  expect(sum()).toEqual(before);
  // What came before a savepoint in the same turn stays.
  sql.exec("UPDATE t SET n = n + 1 WHERE id <= 5000");
  const between = sum();
  expect(() =>
    storage.transactionSync(() => {
      sql.exec("UPDATE t SET n = n + 7");
      sql.exec("INSERT INTO t (n, data) SELECT n, data FROM t WHERE id > 15000");
      nothing();
    }),
  ).toThrow("no");
  expect(sum()).toEqual(between);
  sql.exec("UPDATE t SET n = n - 1 WHERE id <= 5000");
  await storage.sync();
  expect(sum()).toEqual(before);
  await opened.close();
  expect(await integrity()).toEqual([]);
});

test("a change of every row is one commit, durable, and can be taken back; scratch files do not stay", {
  timeout: 60_000,
}, async () => {
  const first = await openStorage({ dir, id: "a" });
  first.storage.sql.exec("UPDATE t SET n = n + 1, data = randomblob(?)", ROW_BYTES);
  const after = { ...before, n: before.n + ROWS };
  await first.storage.sync();
  expect(first.storage.sql.exec(SUM).one()).toEqual(after);
  await first.close();
  const second = await openStorage({ dir, id: "a" });
  expect(second.storage.sql.exec(SUM).one()).toEqual(after);
  expect(await second.queryAt(full, SUM)).toEqual([before]);
  await second.storage.onNextSessionRestoreBookmark(full);
  await second.restart();
  expect(second.storage.sql.exec(SUM).one()).toEqual(before);
  await second.storage.deleteAll();
  await second.storage.sync();
  expect(second.storage.sql.databaseSize).toBeLessThan(20_000);
  await second.storage.onNextSessionRestoreBookmark(full);
  await second.restart();
  expect(second.storage.sql.exec(SUM).one()).toEqual(before);
  await second.close();
  expect(await integrity()).toEqual([]);
  expect(await readdir(join(dir, "scratch"))).toEqual([]);
});

test("after a large change that was rolled back, a small one is small", { timeout: 60_000 }, async () => {
  const opened = await openStorage({ dir, id: "a", maxCommitBytes: 8 << 20 });
  const { sql } = opened.storage;
  await expect(
    opened.storage.transaction(async () => {
      sql.exec("UPDATE t SET n = n + 1");
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  sql.exec("UPDATE t SET n = n + 0 WHERE id = 1");
  sql.exec("UPDATE t SET n = 1000 WHERE id = 2");
  await opened.storage.sync();
  expect(sql.exec(SUM).one()).toEqual({ ...before, n: before.n + 999 });
  await opened.close();
});

test("T7: a commit that would write more than it may is refused, and undone", { timeout: 60_000 }, async () => {
  const opened = await openStorage({ dir, id: "b", maxCommitBytes: 8 << 20 });
  const { sql } = opened.storage;
  sql.exec("CREATE TABLE t (data BLOB)");
  await opened.storage.sync();
  sql.exec(
    "INSERT INTO t SELECT randomblob(1000) FROM json_each('[' || substr(replace(hex(zeroblob(5000)), '0', '0,'), 1, 19999) || ']')",
  );
  await expect(opened.storage.sync()).rejects.toThrow("database or disk is full: SQLITE_FULL");
  await opened.restart();
  expect(opened.storage.sql.exec("SELECT count(*) AS n FROM t").one()).toEqual({ n: 0 });
  await opened.close();
});
