/** A database that may not grow any more (`spec/sql` §3, `spec/kv` §4), on every engine of this Node. */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqljs } from "@holdfast/driver-sqljs";
import { HoldfastError, openStorage, sqliteWasm } from "holdfast";
import { describe, expect, test } from "vitest";

const FULL = "database or disk is full: SQLITE_FULL";
const MAX = 256 * 1024;

describe.each([
  ["wasm", sqliteWasm],
  ["sql.js", sqljs],
])("on %s", (_name, driver) => {
  test("what would make it larger fails, and what there was stays; smaller work goes on", async () => {
    const opened = await openStorage({ id: "full", driver: driver(), maxDatabaseBytes: MAX });
    const rows = () => opened.storage.sql.exec("SELECT count(*) AS n FROM t").one()["n"];
    opened.storage.sql.exec("CREATE TABLE t (data BLOB)");
    for (let i = 0; i < 10; i++) opened.storage.sql.exec("INSERT INTO t VALUES (zeroblob(10000))");
    await opened.storage.sync();
    const fill = () => {
      for (let i = 0; i < 100; i++) opened.storage.sql.exec("INSERT INTO t VALUES (zeroblob(10000))");
    };
    let error: unknown;
    try {
      fill();
      await opened.storage.sync();
    } catch (thrown) {
      error = thrown;
    }
    expect(String(error)).toMatch(FULL);
    await opened.restart().catch(() => undefined); // the turn that failed is what it tells of
    expect(rows()).toBe(10);
    expect(opened.storage.sql.databaseSize).toBeLessThanOrEqual(MAX);
    opened.storage.sql.exec("INSERT INTO t VALUES (zeroblob(10000))");
    opened.storage.kv.put("small", 1);
    await opened.storage.sync();
    expect([rows(), opened.storage.kv.get("small")]).toEqual([11, 1]);
    await opened.close();
  });
});

test("a size that holds nothing is refused", async () => {
  await expect(openStorage({ id: "full", maxDatabaseBytes: 100 })).rejects.toThrow(HoldfastError);
  await expect(openStorage({ id: "full", maxDatabaseBytes: Number.NaN })).rejects.toThrow("at least 65536");
});

test("a folder that may not grow any more: what was acknowledged is there, what was not is undone, for every object, also after a restart", async () => {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-full-"));
  const maxFolderBytes = 3_000_000;
  const open = (id: string) => openStorage({ dir, id, maxFolderBytes });
  const first = await open("a");
  first.storage.sql.exec("CREATE TABLE t (data BLOB)");
  let acknowledged = 0;
  let error: unknown;
  while (!error) {
    try {
      first.storage.sql.exec("INSERT INTO t VALUES (randomblob(100000))");
      await first.storage.sync();
      acknowledged += 1;
    } catch (thrown) {
      error = thrown;
    }
    if (acknowledged > 100) throw new Error("there was always room");
  }
  expect(String(error)).toMatch(FULL);
  expect(acknowledged).toBeGreaterThan(10);
  await first.restart().catch(() => undefined); // the turn that failed is what it tells of
  expect(first.storage.sql.exec("SELECT count(*) AS n FROM t").one()["n"]).toBe(acknowledged);
  await first.close();
  const sizes = await Promise.all(
    (await readdir(dir, { recursive: true })).map(async (name) => (await stat(join(dir, name))).size),
  );
  const used = sizes.reduce((sum, size) => sum + size, 0);
  expect(used).toBeLessThan(maxFolderBytes + 1_000_000); // what the last opening and the close have added
  const second = await open("b"); // it knows what there is
  second.storage.sql.exec("CREATE TABLE t (data BLOB)");
  second.storage.sql.exec("INSERT INTO t VALUES (randomblob(1000000))");
  await expect(second.storage.sync()).rejects.toThrow(FULL);
  await second.close().catch(() => undefined);
  const roomy = await openStorage({ dir, id: "a" });
  roomy.storage.sql.exec("INSERT INTO t VALUES (randomblob(1000000))");
  await roomy.storage.sync();
  expect(roomy.storage.sql.exec("SELECT count(*) AS n FROM t").one()["n"]).toBe(acknowledged + 1);
  await roomy.close();
  await rm(dir, { recursive: true });
});
