import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { DatabaseSync } from "../src/index.js";

describe("DatabaseSync, as node:sqlite's", () => {
  test("run, get, all, iterate; rows without a prototype", () => {
    const database = new DatabaseSync(":memory:");
    database.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    const insert = database.prepare("INSERT INTO t(v) VALUES (?)");
    expect(insert.run("a")).toEqual({ changes: 1, lastInsertRowid: 1 });
    expect(insert.run(Uint8Array.of(1))).toEqual({ changes: 1, lastInsertRowid: 2 });
    const select = database.prepare("SELECT * FROM t ORDER BY id");
    const first = select.get();
    expect(Object.getPrototypeOf(first)).toBe(null);
    expect({ ...first }).toEqual({ id: 1, v: "a" });
    expect(select.all().length).toBe(2);
    expect([...select.iterate()].length).toBe(2);
    expect(select.columns().map((column) => column.name)).toEqual(["id", "v"]);
    select.setReturnArrays(true);
    expect(select.all()).toEqual([
      [1, "a"],
      [2, Uint8Array.of(1)],
    ]);
    expect(database.prepare("SELECT 1 WHERE 0").get()).toBeUndefined();
  });

  test("named parameters, with and without their prefix", () => {
    const database = new DatabaseSync(":memory:");
    const select = database.prepare("SELECT $a AS a, :b AS b, ? AS c");
    expect({ ...select.get({ a: 1, ":b": "x" }) }).toEqual({ a: 1, b: "x", c: null });
    expect(() => select.get({ nope: 1 })).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }));
    select.setAllowBareNamedParameters(false);
    expect(() => select.get({ a: 1 })).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }));
  });

  test("errors in Node's shape", () => {
    const database = new DatabaseSync(":memory:");
    database.exec("CREATE TABLE t(a NOT NULL)");
    expect(() => database.exec("SELEC")).toThrow(
      expect.objectContaining({ code: "ERR_SQLITE_ERROR", errcode: 1, errstr: "SQL logic error" }),
    );
    expect(() => database.prepare("INSERT INTO t VALUES (?)").run(null)).toThrow(
      expect.objectContaining({ code: "ERR_SQLITE_ERROR", errcode: 1299, errstr: "constraint failed" }),
    );
    expect(() => database.prepare("SELECT ?").get({})).not.toThrow();
    expect(() => database.prepare("SELECT ?").get(Symbol("x"))).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }),
    );
    expect(() => database.prepare("SELECT 9007199254740993").get()).toThrow(
      expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }),
    );
    expect(() => database.prepare("SELECT ?").get(2n ** 60n)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  });

  test("integers given as bigint are integers", () => {
    const database = new DatabaseSync(":memory:");
    expect({ ...database.prepare("SELECT typeof(?) AS t").get(7n) }).toEqual({ t: "integer" });
    expect({ ...database.prepare("SELECT typeof(?) AS t").get(7) }).toEqual({ t: "real" });
  });

  test("open, close, transactions", () => {
    const database = new DatabaseSync(":memory:", { open: false });
    expect(database.isOpen).toBe(false);
    expect(() => database.exec("SELECT 1")).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }));
    database.open();
    expect(() => database.open()).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }));
    database.exec("BEGIN");
    expect(database.isTransaction).toBe(true);
    database.exec("COMMIT");
    expect(database.isTransaction).toBe(false);
    database.close();
    expect(database.isOpen).toBe(false);
  });

  test("a statement of a closed database is refused, also when another uses its memory", () => {
    const database = new DatabaseSync(":memory:");
    const stale = database.prepare("SELECT ? AS v");
    database.close();
    const other = new DatabaseSync(":memory:");
    const rows = other.prepare("SELECT ? AS v UNION ALL SELECT 2").iterate("mine");
    for (const use of [() => stale.run("evil"), () => stale.all(), () => stale.columns()])
      expect(use).toThrow(/finalized|not open/);
    expect({ ...rows.next().value }).toEqual({ v: "mine" });
  });

  test("asking whether a transaction is open changes nothing, also while a statement is in the middle", () => {
    const database = new DatabaseSync(":memory:");
    database.exec("CREATE TABLE t(a)");
    const rows = database.prepare("INSERT INTO t VALUES (1), (2) RETURNING a").iterate();
    rows.next();
    expect([database.isTransaction, database.isTransaction]).toEqual([false, false]);
    rows.next();
    rows.next();
    database.exec("BEGIN");
    expect([database.isTransaction, database.isTransaction]).toEqual([true, true]);
    database.exec("COMMIT");
    expect(database.isTransaction).toBe(false);
  });

  test("a file is refused, with a way out", () => {
    expect(() => new DatabaseSync("a.db")).toThrow(
      expect.objectContaining({ code: "HOLDFAST_UNSUPPORTED", message: expect.stringMatching(/openStorage/) }),
    );
  });
});

test("statements that nobody keeps are finalized", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const database = new DatabaseSync(":memory:");
  // A read that is in the middle keeps its table from being dropped.
  database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)");
  const read = () => database.prepare("SELECT a FROM t").iterate().next().value;
  expect(read()).toEqual({ a: 1 });
  expect(() => database.exec("DROP TABLE t")).toThrow("database table is locked");
  await expect
    .poll(() => {
      collectGarbage();
      try {
        database.exec("DROP TABLE t");
        return "dropped";
      } catch (error) {
        return (error as Error).message;
      }
    })
    .toBe("dropped");
  database.close();
});
