import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { memoryStore, type OpenedStorage, openStorage } from "../src/index.js";

let opened: OpenedStorage;
beforeEach(async () => {
  opened = await openStorage({ id: "a" });
});
afterEach(() => opened.close());
const sql = (query: string, ...bindings: unknown[]) => opened.storage.sql.exec(query, ...bindings);
const macrotask = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("cursor", () => {
  beforeEach(() => sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')"));

  test("its readers share one position", () => {
    const cursor = sql("SELECT * FROM t ORDER BY id");
    expect(cursor.raw().next()).toEqual({ done: false, value: [1, "a"] });
    expect(cursor.next()).toEqual({ done: false, value: { id: 2, v: "b" } });
    expect(cursor.toArray()).toEqual([{ id: 3, v: "c" }]);
    expect(cursor.next()).toEqual({ done: true, value: undefined });
    expect(cursor.columnNames).toEqual(["id", "v"]);
  });

  test("leaving a loop early closes nothing", () => {
    const cursor = sql("SELECT id FROM t ORDER BY id");
    for (const row of cursor) {
      expect(row).toEqual({ id: 1 });
      break;
    }
    expect([...cursor.raw()]).toEqual([[2], [3]]);
  });

  test("one: exactly one row", () => {
    expect(sql("SELECT v FROM t WHERE id = 2").one()).toEqual({ v: "b" });
    expect(() => sql("SELECT v FROM t WHERE id = 9").one()).toThrow(
      "Expected exactly one result from SQL query, but got no results.",
    );
    const many = sql("SELECT v FROM t");
    expect(() => many.one()).toThrow("Expected exactly one result from SQL query, but got multiple results.");
    expect(many.next().done).toBe(true);
  });

  test("stays valid across turns and sees later commits", async () => {
    const cursor = sql("SELECT id FROM t ORDER BY id");
    cursor.next();
    sql("INSERT INTO t VALUES (4, 'd')");
    await macrotask();
    expect([...cursor.raw()]).toEqual([[2], [3], [4]]);
  });

  test("rows of a writing statement do not keep the transaction from committing", async () => {
    const cursor = sql("INSERT INTO t(v) VALUES ('x'), ('y') RETURNING id");
    await opened.storage.sync();
    expect(cursor.toArray()).toEqual([{ id: 4 }, { id: 5 }]);
    expect(cursor.rowsWritten).toBe(2);
  });

  test("a column named __proto__ is a column", () => {
    const row = sql(`SELECT 1 AS "__proto__", 2 AS a, 3 AS a`).one();
    expect(Object.getOwnPropertyNames(row)).toEqual(["__proto__", "a"]);
    expect(row["a"]).toBe(3);
  });

  test("databaseSize follows the open transaction", () => {
    const before = opened.storage.sql.databaseSize;
    sql("CREATE TABLE u(a)");
    expect(opened.storage.sql.databaseSize).toBe(before + 4096);
  });
});

describe("transactions", () => {
  test("transactionSync: a throw undoes SQL, key-value and schema, and an inner failure only the inner part", () => {
    const { storage } = opened;
    storage.kv.put("before", 1);
    expect(() =>
      storage.transactionSync(() => {
        storage.kv.put("a", 1);
        sql("CREATE TABLE t(a)");
        throw new TypeError("no");
      }),
    ).toThrow(new TypeError("no"));
    expect([...storage.kv.list()]).toEqual([["before", 1]]);
    const result = storage.transactionSync(() => {
      storage.kv.put("outer", 1);
      expect(() =>
        storage.transactionSync(() => {
          storage.kv.put("inner", 1);
          throw new Error("inner");
        }),
      ).toThrow("inner");
      return "done";
    });
    expect(result).toBe("done");
    expect([...storage.kv.list()].map(([key]) => key)).toEqual(["before", "outer"]);
  });

  test("a deferred constraint that is violated at the turn's end breaks the session and undoes the turn", async () => {
    const store = memoryStore();
    const first = await openStorage({ id: "a", store });
    first.storage.sql.exec(
      "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(pid INTEGER REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)",
    );
    await first.storage.sync();
    first.storage.kv.put("k", 1);
    first.storage.sql.exec("INSERT INTO c VALUES (9)");
    await expect(first.storage.sync()).rejects.toThrow(
      "Durable Object was reset and rolled back to its last known good state because the application left the database in a state where constraints were violated: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)",
    );
    expect(() => first.storage.kv.get("k")).toThrow("Durable Object was reset");
    await first.restart();
    expect(first.storage.kv.get("k")).toBeUndefined();
    expect(first.storage.sql.exec("SELECT count(*) AS n FROM c").one()).toEqual({ n: 0 });
    await first.close();
  });

  test("SQLite rolling the transaction back by itself breaks the session", async () => {
    sql("CREATE TABLE t(a UNIQUE)");
    await opened.storage.sync();
    opened.storage.kv.put("k", 1);
    sql("INSERT INTO t VALUES (1)");
    expect(() => sql("INSERT OR ROLLBACK INTO t VALUES (1)")).toThrow(/UNIQUE constraint failed/);
    expect(() => opened.storage.kv.get("k")).toThrow(/UNIQUE constraint failed/);
    await opened.restart();
    expect(opened.storage.kv.get("k")).toBeUndefined();
  });
});

describe("point-in-time recovery", () => {
  const count = () => opened.storage.kv.get("n");

  test("restore and undo, over three restarts each", async () => {
    opened.storage.kv.put("n", 1);
    const bookmark = await opened.storage.getCurrentBookmark();
    opened.storage.kv.put("n", 2);
    const undo = await opened.storage.onNextSessionRestoreBookmark(bookmark);
    opened.storage.kv.put("n", 3); // still this session's, and so part of what the undo brings back
    await opened.restart();
    expect(count()).toBe(1);
    for (let i = 0; i < 3; i++) {
      await opened.restart();
      expect(count()).toBe(1);
    }
    await opened.storage.onNextSessionRestoreBookmark(undo);
    for (let i = 0; i < 3; i++) {
      await opened.restart();
      expect(count()).toBe(3);
    }
  });

  test("a bookmark covers the whole turn, also what is written after it was asked for", async () => {
    const asked = opened.storage.getCurrentBookmark();
    opened.storage.kv.put("n", 1);
    const bookmark = await asked;
    opened.storage.kv.put("n", 2);
    await opened.storage.onNextSessionRestoreBookmark(bookmark);
    await opened.restart();
    expect(count()).toBe(1);
  });

  test("T10: a turn that is rolled back asks for nothing", async () => {
    opened.storage.kv.put("n", 1);
    const bookmark = await opened.storage.getCurrentBookmark();
    opened.storage.kv.put("n", 2);
    await opened.storage.sync();
    let asked: Promise<string> | undefined;
    expect(() =>
      opened.storage.transactionSync(() => {
        asked = opened.storage.onNextSessionRestoreBookmark(bookmark);
        throw new Error("undo");
      }),
    ).toThrow("undo");
    await asked;
    await opened.restart();
    expect(count()).toBe(2);
  });

  test("a bookmark that is none, or another object's, is refused and disarms nothing", async () => {
    opened.storage.kv.put("n", 1);
    const good = await opened.storage.getCurrentBookmark();
    opened.storage.kv.put("n", 2);
    await opened.storage.onNextSessionRestoreBookmark(good);
    const foreign = good.replace(/.{8}$/, "00000000");
    await expect(opened.storage.onNextSessionRestoreBookmark("nonsense")).rejects.toThrow(
      new TypeError("Invalid bookmark: nonsense"),
    );
    await expect(opened.storage.onNextSessionRestoreBookmark(foreign)).rejects.toThrow(
      new Error(`Bookmark ${foreign} is not valid for this Durable Object.`),
    );
    const untyped = opened.storage as unknown as { onNextSessionRestoreBookmark(): Promise<string> };
    await expect(untyped.onNextSessionRestoreBookmark()).rejects.toThrow(/parameter 1 is not of type 'string'/);
    await opened.restart();
    expect(count()).toBe(1);
  });

  test("by time, on a clock of the test's", async () => {
    const clock = { time: 1_750_000_000_000, now: () => clock.time };
    const timed = await openStorage({ id: "a", clock });
    timed.storage.kv.put("n", 1);
    await timed.storage.sync();
    clock.time += 60_000;
    timed.storage.kv.put("n", 2);
    await timed.storage.sync();
    clock.time += 60_000;
    const bookmark = await timed.storage.getBookmarkForTime(new Date(clock.time - 90_000));
    await timed.storage.onNextSessionRestoreBookmark(bookmark);
    await timed.restart();
    expect(timed.storage.kv.get("n")).toBe(1);
    await expect(timed.storage.getBookmarkForTime(clock.time + 1)).rejects.toThrow(/Please provide a timestamp in the past/);
    await expect(timed.storage.getBookmarkForTime(clock.time - 31 * 86_400_000)).rejects.toThrow(/within the last 30 days/);
    await expect(timed.storage.getBookmarkForTime(Number.NaN)).rejects.toThrow(
      "The value cannot be converted because it is not a valid Date.",
    );
    await expect(timed.storage.getBookmarkForTime("now" as unknown as number)).rejects.toThrow(
      /parameter 1 is not of type 'date'/,
    );
    await timed.close();
  });
});

describe("sessions", () => {
  test("a folder keeps an object, under any id", async () => {
    const dir = await mkdtemp(join(tmpdir(), "holdfast-open-"));
    for (const id of ["room/1", "Ä ../x"]) {
      const first = await openStorage({ dir, id });
      first.storage.kv.put("k", new Map([[id, 1]]));
      await first.close();
      const second = await openStorage({ dir, id });
      expect(second.storage.kv.get("k")).toEqual(new Map([[id, 1]]));
      await second.close();
    }
    await rm(dir, { recursive: true });
  });

  test("after a restart the earlier storage refuses, the new one goes on", async () => {
    const { storage } = opened;
    storage.kv.put("k", 1);
    await opened.restart();
    expect(() => storage.kv.get("k")).toThrow(expect.objectContaining({ code: "HOLDFAST_CLOSED" }));
    await expect(storage.get("k")).rejects.toMatchObject({ code: "HOLDFAST_CLOSED" });
    expect(opened.storage.kv.get("k")).toBe(1);
  });

  test("bad options are refused", async () => {
    await expect(openStorage({ id: "" })).rejects.toMatchObject({ code: "HOLDFAST_USAGE" });
    await expect(openStorage({ id: "a", dir: "x", store: memoryStore() })).rejects.toMatchObject({ code: "HOLDFAST_USAGE" });
    await opened.close();
    await expect(opened.restart()).rejects.toMatchObject({ code: "HOLDFAST_CLOSED" });
  });
});
