/** A database that may not grow any more (`spec/sql` §3, `spec/kv` §4), on every engine of this Node. */
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
