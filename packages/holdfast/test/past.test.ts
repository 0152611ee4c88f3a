/** Beyond the platform: looking at the past without going back to it. */
import { sqljs } from "@holdfast/driver-sqljs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type OpenedStorage, openStorage, sqliteWasm } from "../src/index.js";

describe.each([
  ["our own build", sqliteWasm()],
  ["sql.js", sqljs()],
])("on %s", (_name, driver) => {
  let opened: OpenedStorage;
  let before: string;
  beforeEach(async () => {
    opened = await openStorage({ id: "a", driver });
    const { sql } = opened.storage;
    sql.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'old'), (2, x'0102')");
    before = await opened.storage.getCurrentBookmark();
    sql.exec("UPDATE t SET v = 'new' WHERE id = 1; ALTER TABLE t ADD COLUMN w");
    await opened.storage.sync();
  });
  afterEach(() => opened.close());

  test("queryAt: rows of then, beside the session of now", async () => {
    const { sql } = opened.storage;
    sql.exec("INSERT INTO t VALUES (3, 'not committed yet', NULL)");
    const rows = await opened.queryAt(before, "SELECT * FROM t WHERE id <= ? ORDER BY id", 2);
    expect(rows).toEqual([
      { id: 1, v: "old" },
      { id: 2, v: Uint8Array.of(1, 2).buffer },
    ]);
    expect(sql.exec("SELECT count(*) AS n, max(v) AS v FROM t").one()).toEqual({ n: 3, v: Uint8Array.of(1, 2).buffer });
    expect(await opened.queryAt(await opened.storage.getCurrentBookmark(), "SELECT v FROM t WHERE id = 1")).toEqual([
      { v: "new" },
    ]);
  });

  test("queryAt: what it refuses", async () => {
    for (const statement of ["DELETE FROM t", "SELECT 1; SELECT 2", "", "INSERT INTO t VALUES (9, 9) RETURNING id"]) {
      await expect(opened.queryAt(before, statement), statement).rejects.toMatchObject({ code: "HOLDFAST_USAGE" });
    }
    await expect(opened.queryAt(before, "SELECT w FROM t")).rejects.toThrow(/^no such column: w.*: SQLITE_ERROR$/);
    await expect(opened.queryAt(before, "SELECT * FROM _cf_METADATA")).rejects.toThrow("SQLITE_ERROR");
    await expect(opened.queryAt(before, "SELECT ?")).rejects.toThrow("Wrong number of parameter bindings for SQL query.");
    await expect(opened.queryAt("x", "SELECT 1")).rejects.toThrow("Invalid bookmark: x");
    const other = await openStorage({ id: "b" });
    await expect(other.queryAt(before, "SELECT 1")).rejects.toThrow(Error);
    await other.close();
    expect(opened.storage.sql.exec("SELECT count(*) AS n FROM t").one()).toEqual({ n: 2 });
  });

  test("exportAt: an ordinary SQLite file", async () => {
    const bytes = await opened.exportAt(before);
    expect(new TextDecoder().decode(bytes.subarray(0, 15))).toBe("SQLite format 3");
    expect(new DataView(bytes.buffer).getUint16(16)).toBe(4096);
    expect(bytes.length % 4096).toBe(0);
    expect(bytes[18]).toBe(1); // no WAL: any SQLite opens it
  });

  test("restores: those that were carried out, and those that could not be", async () => {
    expect(await opened.restores()).toEqual([]);
    await opened.storage.onNextSessionRestoreBookmark(before);
    await opened.restart();
    expect(opened.storage.sql.exec("SELECT v FROM t WHERE id = 1").one()).toEqual({ v: "old" });
    const [restore, ...more] = await opened.restores();
    expect(more).toEqual([]);
    expect(restore).toMatchObject({ requested: before, at: expect.any(Number) });
    expect(await opened.queryAt(restore?.bookmark ?? "", "SELECT v FROM t WHERE id = 1")).toEqual([{ v: "old" }]);
  });

  test("a storage that is closed", async () => {
    await opened.close();
    for (const call of [opened.restores(), opened.exportAt(before), opened.queryAt(before, "SELECT 1")]) {
      await expect(call).rejects.toMatchObject({ code: "HOLDFAST_CLOSED" });
    }
  });
});
