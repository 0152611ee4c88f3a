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

describe("the end of a session", () => {
  const violate = () =>
    sql("CREATE TABLE c(pid INTEGER REFERENCES c(x) DEFERRABLE INITIALLY DEFERRED, x UNIQUE); INSERT INTO c(pid) VALUES (9)");

  test("closing and restarting say so when the last turn was lost, and a restart goes on all the same", async () => {
    violate();
    opened.storage.kv.put("important", 1);
    await expect(opened.restart()).rejects.toThrow(/constraints were violated/);
    expect(opened.storage.kv.get("important")).toBeUndefined();
    violate();
    await expect(opened.close()).rejects.toThrow(/constraints were violated/);
    opened = await openStorage({ id: "a" });
  });

  test("from the call of close on, nothing is accepted", async () => {
    const { storage } = opened;
    const closed = opened.close();
    await Promise.resolve();
    expect(() => storage.kv.put("late", 1)).toThrow(expect.objectContaining({ code: "HOLDFAST_CLOSED" }));
    await closed;
  });

  test("a close in the middle of transactionSync does not commit it", async () => {
    const store = memoryStore();
    const first = await openStorage({ id: "a", store });
    let closed: Promise<void> | undefined;
    expect(() =>
      first.storage.transactionSync(() => {
        first.storage.kv.put("half", 1);
        closed = first.close();
        throw new Error("no");
      }),
    ).toThrow("no");
    await closed;
    const second = await openStorage({ id: "a", store });
    expect(second.storage.kv.get("half")).toBeUndefined();
    await second.close();
  });

  test("restarts and a close at once take effect one after the other", async () => {
    const restarts = [opened.restart(), opened.restart()];
    const closed = opened.close();
    await Promise.all([...restarts, closed]);
    expect(() => opened.storage.kv.get("k")).toThrow(expect.objectContaining({ code: "HOLDFAST_CLOSED" }));
    opened = await openStorage({ id: "a" });
  });

  test("what nobody awaits after the end does not end the process", async () => {
    const { storage } = opened;
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", listener);
    void storage.sync(); // waiting when the session ends
    await opened.restart();
    void storage.put("k", 1);
    void storage.getCurrentBookmark();
    await macrotask();
    expect(unhandled).toEqual([]);
    void storage.put("k", undefined as never); // the caller's own mistake, but the session is over all the same
    await macrotask();
    process.off("unhandledRejection", listener);
  });
});

describe("what the application's SQL may not do", () => {
  test("take the hidden table's name, or reach it through a trigger that a statement of ours sets off", async () => {
    sql("CREATE TABLE q(key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID");
    for (const name of ["_cf_KV", '"_cf_KV"', "/* x */ [_CF_kv]", "`_cf_x`"]) {
      expect(() => sql(`ALTER TABLE q RENAME -- to\n TO ${name}`), name).toThrow("not authorized: SQLITE_AUTH");
    }
    sql("ALTER TABLE q RENAME COLUMN value TO _cf_is_free_for_columns; ALTER TABLE q RENAME TO r");
    opened.storage.kv.put("k1", 1);
    opened.storage.kv.put("k2", 2);
    await opened.storage.sync();
    sql("PRAGMA foreign_keys = OFF");
    sql("CREATE TABLE child(k REFERENCES _cf_KV(key) ON DELETE CASCADE); CREATE TABLE leak(k, v)");
    sql("CREATE TRIGGER steal AFTER DELETE ON child BEGIN INSERT INTO leak SELECT key, value FROM _cf_KV; END");
    sql("INSERT INTO child VALUES ('k1')");
    await opened.storage.sync();
    sql("PRAGMA foreign_keys = ON");
    expect(() => opened.storage.kv.delete("k1")).toThrow(/prohibited|not authorized/);
    expect(sql("SELECT count(*) AS n FROM leak").one()).toEqual({ n: 0 });
  });

  test("PRAGMA optimize is a write of its turn", async () => {
    sql("CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t VALUES (1)");
    await opened.storage.sync();
    expect(() =>
      opened.storage.transactionSync(() => {
        sql("PRAGMA optimize(0x10002)");
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(sql("SELECT count(*) AS n FROM sqlite_master WHERE name = 'sqlite_stat1'").one()).toEqual({ n: 0 });
  });

  test("a second cursor on the same text keeps its column names, also when it ends at once", () => {
    const text = "SELECT 1 AS one, 2 AS two WHERE ? > 0";
    const first = sql(text, 1);
    const second = sql(text, 0);
    expect([first.columnNames, second.columnNames]).toEqual([
      ["one", "two"],
      ["one", "two"],
    ]);
    expect([first.toArray().length, second.toArray().length]).toEqual([1, 0]);
  });

  test("detached buffers are empty blobs, sparse arrays have keys", async () => {
    const buffer = new ArrayBuffer(4);
    const view = new Uint8Array(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    expect([...sql("SELECT length(?) AS a, length(?) AS b", buffer, view).raw()]).toEqual([[0, 0]]);
    await opened.storage.put("undefined", 1);
    // biome-ignore lint/suspicious/noSparseArray: the hole is the point
    expect(await opened.storage.get([, "undefined"] as string[])).toEqual(new Map([["undefined", 1]]));
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

  test("an invalid request falls back to the last valid one that is still armed, also several at once", async () => {
    const { storage } = opened;
    storage.kv.put("n", 1);
    const good = await storage.getCurrentBookmark();
    const foreign = good.replace(/.{8}$/, "00000000");
    storage.kv.put("n", 2);
    let undone: Promise<string> | undefined;
    expect(() =>
      storage.transactionSync(() => {
        undone = storage.onNextSessionRestoreBookmark(good);
        throw new Error("undo");
      }),
    ).toThrow("undo");
    await undone;
    await expect(storage.onNextSessionRestoreBookmark(foreign)).rejects.toThrow(/not valid for this Durable Object/);
    await opened.restart();
    expect(count()).toBe(2);
    await opened.storage.onNextSessionRestoreBookmark(good);
    const wrong = [opened.storage.onNextSessionRestoreBookmark(foreign), opened.storage.onNextSessionRestoreBookmark(foreign)];
    for (const result of await Promise.allSettled(wrong)) expect(result.status).toBe("rejected");
    await opened.restart();
    expect(count()).toBe(1);
  });

  test("a bookmark that is none, or another object's, is refused and disarms nothing", async () => {
    opened.storage.kv.put("n", 1);
    const good = await opened.storage.getCurrentBookmark();
    opened.storage.kv.put("n", 2);
    await opened.storage.onNextSessionRestoreBookmark(good);
    const foreign = good.replace(/.{8}$/, "00000000");
    for (const text of ["nonsense", "x".repeat(70_000), `${good} `]) {
      await expect(opened.storage.onNextSessionRestoreBookmark(text)).rejects.toThrow(new TypeError(`Invalid bookmark: ${text}`));
    }
    await expect(opened.storage.onNextSessionRestoreBookmark(foreign)).rejects.toThrow(
      new Error(`Bookmark ${foreign} is not valid for this Durable Object.`),
    );
    const untyped = opened.storage as unknown as { onNextSessionRestoreBookmark(): Promise<string> };
    await expect(untyped.onNextSessionRestoreBookmark()).rejects.toThrow(/parameter 1 is not of type 'string'/);
    await opened.restart();
    expect(count()).toBe(1);
  });

  test("as far back as was asked for, in time and in bytes", async () => {
    const clock = { time: 1_750_000_000_000, now: () => clock.time };
    const store = memoryStore();
    const DAY = 86_400_000;
    const open = (options: { readonly retentionMs?: number; readonly historyBytes?: number }) =>
      openStorage({ id: "a", store, clock, ...options });
    const times: number[] = [];
    for (let session = 0; session < 5; session++) {
      const one = await open({ retentionMs: 60 * DAY });
      for (let i = 0; i < 60; i++) {
        one.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (data BLOB)");
        one.storage.sql.exec("DELETE FROM t");
        one.storage.sql.exec("INSERT INTO t VALUES (randomblob(8000))");
        await one.storage.sync();
      }
      times.push(clock.time);
      clock.time += 10 * DAY;
      await one.close();
    }
    const long = await open({ retentionMs: 60 * DAY });
    const [first = 0, , third = 0] = times;
    const oldest = await long.storage.getBookmarkForTime(first);
    expect(await long.queryAt(oldest, "SELECT count(*) AS n FROM t")).toEqual([{ n: 1 }]);
    await expect(long.storage.getBookmarkForTime(first - 11 * DAY)).rejects.toThrow(/within the last 60 days/);
    await long.close();
    const small = await open({ retentionMs: 60 * DAY, historyBytes: 1_200_000 });
    await expect(small.storage.getBookmarkForTime(first)).rejects.toThrow(/Please provide a timestamp from '\d+' on/);
    expect(await small.queryAt(await small.storage.getBookmarkForTime(third + 1), "SELECT count(*) AS n FROM t")).toEqual([
      { n: 1 },
    ]);
    await small.close();
    await expect(open({ historyBytes: -1 })).rejects.toThrow("historyBytes must not be negative, but is -1.");
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

test("a value of half a gigabyte is refused before there is a place for it", async () => {
  await using opened = await openStorage({ id: "big" });
  const big = "x".repeat(2 ** 29 - 24);
  const before = process.memoryUsage().arrayBuffers;
  expect(() => opened.storage.kv.put("k", [big, big, big, big])).toThrow("string or blob too big: SQLITE_TOOBIG");
  await expect(opened.storage.put("k", big)).rejects.toThrow("string or blob too big: SQLITE_TOOBIG");
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
  expect(opened.storage.kv.get("k")).toBeUndefined();
});

test("transaction(): also after waiting for something that nobody gates", async () => {
  await using opened = await openStorage({ id: "transactions" });
  const { storage } = opened;
  const wait = () => new Promise((resolve) => setTimeout(resolve, 2));
  await storage.transaction(async (txn) => {
    await txn.put("outer", 1);
    await wait();
    await expect(
      storage.transaction(async (inner) => {
        await wait();
        await inner.put("inner", 1);
        throw new Error("undone");
      }),
    ).rejects.toThrow("undone");
    await storage.sync();
    await txn.put("last", 1);
  });
  expect([...(await storage.list()).keys()]).toEqual(["last", "outer"]);
  await expect(storage.setAlarm(Date.now() + 1)).rejects.toMatchObject({ code: "HOLDFAST_NEEDS_HOST" });
});
