import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { sqljs } from "../src/index.js";
import { loadInstalled } from "../src/load-installed.js";
import { openDatabase, query } from "./support.js";

const driver = sqljs();

describe("loading", () => {
  test("holdfast's copy is its own: what others do with sql.js is left alone", async () => {
    await openDatabase(driver);
    const initSqlJs = createRequire(import.meta.url)("sql.js");
    const { Database } = await initSqlJs();
    expect(new Database().exec("SELECT 1")[0].values).toEqual([[1]]);
    await openDatabase(sqljs());
  });

  test("a script that is already running is refused", async () => {
    const parts = loadInstalled();
    await parts.initSqlJs({ instantiateWasm: instantiate(parts.wasm) });
    await expect(openDatabase(sqljs(parts))).rejects.toMatchObject({
      code: "HOLDFAST_UNSUPPORTED",
      message: expect.stringMatching(/already running/),
    });
  });

  test("a build in which a fact does not hold is refused, never guessed", async () => {
    const require = createRequire(import.meta.url);
    const wasm = readFileSync(require.resolve("sql.js/dist/sql-wasm.wasm"));
    const name = wasm.indexOf("\0unix\0") + 1; // the VFS under another name
    expect(name).toBeGreaterThan(0);
    wasm.write("xinu", name);
    await expect(openDatabase(sqljs({ ...loadInstalled(), wasm }))).rejects.toMatchObject({
      code: "HOLDFAST_UNSUPPORTED",
      message: expect.stringMatching(/VFS/),
    });
  });
});

function instantiate(wasm: BufferSource) {
  return (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void): object => {
    const module = new WebAssembly.Module(wasm);
    const instance = new WebAssembly.Instance(module, imports);
    done(instance, module);
    return instance.exports;
  };
}

test("an instance that breaks down is lost for all its databases, and the driver starts another", async () => {
  let armed = false;
  const own = sqljs();
  const { database, image } = await openDatabase(own, {
    authorize: () => {
      if (armed) throw new WebAssembly.RuntimeError("unreachable"); // comes out of the instance as a trap does
      return "ok";
    },
  });
  const neighbour = await openDatabase(own);
  database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)");
  const running = database.prepare("SELECT a FROM t")?.statement;
  expect(running?.step()).toBe(true);
  armed = true;
  const isLost = expect.objectContaining({ code: "HOLDFAST_ENGINE_LOST" });
  expect(() => database.prepare("SELECT 1")).toThrow(isLost);
  expect(() => neighbour.database.exec("SELECT 1")).toThrow(isLost);
  expect(database.inTransaction).toBe(false);
  expect(() => running?.step()).toThrow(isLost);
  running?.reset(); // what is let go of by someone who has the error already throws no second one
  running?.finalize();
  for (const one of [database, neighbour.database]) one.close();
  const again = await openDatabase(own, { pages: image.pages });
  expect(query(again.database, "SELECT a FROM t")).toEqual([[1]]);
});

test.each(["PRAGMA optimize(0x10002)", "PRAGMA Optimize(0x10002)"])("%s is a statement that writes", async (sql) => {
  const { database } = await openDatabase(driver);
  expect(database.prepare(sql)?.statement.readOnly).toBe(false);
  expect(database.prepare("PRAGMA table_list")?.statement.readOnly).toBe(true);
});

describe("capture", () => {
  test("each writing transaction gives one commit with the pages it changed; a reading one gives none", async () => {
    const { database, commits, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a)");
    expect(commits.map((commit) => [...commit.pages].map((one) => one.pageNumber).sort())).toEqual([[1, 2]]);
    query(database, "SELECT * FROM t");
    database.exec("BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); COMMIT");
    expect(
      commits.slice(1).map((commit) => [...commit.pages].map((one) => [one.pageNumber, one.previous !== undefined])),
    ).toEqual([[[2, true]]]);
    expect(image.pageCount).toBe(2);
  });

  test("a rollback gives none and leaves the image as it was", async () => {
    const { database, commits, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
    const before = image.pages.map((one) => one.slice());
    database.exec("BEGIN; INSERT INTO t SELECT randomblob(9000) FROM t; DROP TABLE t; ROLLBACK");
    expect(commits.length).toBe(2);
    expect(image.pages).toEqual(before);
    expect(query(database, "SELECT * FROM t")).toEqual([[1]]);
  });

  test("an image of one database opens as another", async () => {
    const { database, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES ('x')");
    const again = await openDatabase(driver, { pages: image.pages.map((one) => one.slice()) });
    expect(query(again.database, "SELECT * FROM t")).toEqual([["x"]]);
    again.database.close();
    expect(() => again.database.exec("SELECT 1")).toThrow(/not open/);
  });

  test("a veto: SQLITE_FULL, everything rolled back, and the next transaction works", async () => {
    let verdict: "ok" | "full" = "ok";
    const { database, commits, image } = await openDatabase(driver, { beforeCommit: () => verdict });
    database.exec("CREATE TABLE t(a)");
    const before = image.pages.map((one) => one.slice());
    verdict = "full";
    database.exec("BEGIN; INSERT INTO t VALUES (1)");
    expect(() => database.exec("COMMIT")).toThrow(expect.objectContaining({ code: 13 }));
    if (database.inTransaction) database.exec("ROLLBACK");
    expect(image.pages).toEqual(before);
    verdict = "ok";
    database.exec("INSERT INTO t VALUES (2)");
    expect(query(database, "SELECT a FROM t")).toEqual([[2]]);
    expect(commits.length).toBe(2);
  });

  test("a receiver that fails makes the commit fail, with its error as the cause", async () => {
    const refusal = new Error("the log is gone");
    const { database } = await openDatabase(driver, {
      onCommit: () => {
        throw refusal;
      },
    });
    expect(() => database.exec("CREATE TABLE t(a)")).toThrow(expect.objectContaining({ code: 10, cause: refusal }));
  });

  test("a damaged image gives an error of SQLite's, not a crash", async () => {
    const { database, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (randomblob(20000))");
    const pages = image.pages.map((one, i) => (i === 1 ? one.slice().fill(0xff) : one.slice()));
    const damaged = await openDatabase(driver, { pages });
    expect(() => query(damaged.database, "SELECT * FROM t")).toThrow(expect.objectContaining({ code: 11 }));
  });
});

describe("statements", () => {
  test("the tail, also behind text of several bytes a character, and blanks that are no statement", async () => {
    const { database } = await openDatabase(driver);
    expect(database.prepare("SELECT 'é😀'; SELECT 2")?.tail).toBe(" SELECT 2");
    expect(database.prepare(" -- nothing\n;")).toBeUndefined();
  });

  test("whether a statement may write", async () => {
    const { database } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a)");
    const readOnly = (sql: string) => database.prepare(sql)?.statement.readOnly;
    for (const sql of ["SELECT 1", "SELECT * FROM t", "PRAGMA table_info(t)", "WITH c AS (SELECT 1) SELECT * FROM c"]) {
      expect([sql, readOnly(sql)]).toEqual([sql, true]);
    }
    for (const sql of [
      "INSERT INTO t VALUES (1)",
      "DELETE FROM t",
      "CREATE TABLE u(a)",
      "BEGIN",
      "VACUUM",
      "ANALYZE",
      "DROP TABLE t",
    ]) {
      expect([sql, readOnly(sql)]).toEqual([sql, false]);
    }
  });

  test("parameters are counted, and numbers are bound as REAL", async () => {
    const { database } = await openDatabase(driver);
    const statement = database.prepare("SELECT typeof(?), ?3, :name")?.statement;
    expect(statement?.parameterCount).toBe(4);
    statement?.bind([5, "x", Uint8Array.of(1, 2), null]);
    expect(statement?.step()).toBe(true);
    expect(statement?.row()).toEqual(["real", Uint8Array.of(1, 2), null]);
    statement?.reset();
    expect(() => statement?.bind([1, 2, 3, 4, 5])).toThrow(expect.objectContaining({ code: 25 }));
  });

  test("text keeps U+0000, and lone surrogates as WTF-8", async () => {
    const { database } = await openDatabase(driver);
    const statement = database.prepare("SELECT ?1, hex(?1), length(CAST(?1 AS BLOB))")?.statement;
    statement?.bind(["a\0b\ud800"]);
    statement?.step();
    expect(statement?.row()).toEqual(["a\0b\ufffd\ufffd\ufffd", "610062EDA080", 6]);
  });

  test("the authorizer is asked and obeyed, the driver's own statements are not asked for", async () => {
    const actions: string[] = [];
    const { database } = await openDatabase(driver, {
      authorize: (action, first) => {
        actions.push(`${action} ${first}`);
        return first === "secret" ? "deny" : "ok";
      },
    });
    expect(actions).toEqual([]);
    database.exec("CREATE TABLE t(a)");
    expect(actions).toContain("2 t");
    actions.length = 0;
    expect(database.pageCount).toBe(2);
    expect(actions).toEqual([]);
    expect(() => database.exec("CREATE TABLE secret(a)")).toThrow(expect.objectContaining({ code: 23 }));
  });

  test("limits are enforced, for each database its own", async () => {
    const limited = await openDatabase(driver, { limits: { column: 10, variableNumber: 2, length: 1000 } });
    const free = await openDatabase(driver);
    const columns = `SELECT ${Array(11).fill(1).join()}`;
    expect(() => limited.database.prepare(columns)).toThrow(/too many columns/);
    expect(() => limited.database.prepare("SELECT ?, ?, ?")).toThrow(/too many SQL variables/);
    expect(() => query(limited.database, "SELECT zeroblob(1001)")).toThrow(expect.objectContaining({ code: 18 }));
    expect(query(free.database, columns)[0]?.length).toBe(11);
  });

  test("SQLite ending the transaction by itself is noticed", async () => {
    const { database } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a UNIQUE); BEGIN; INSERT INTO t VALUES (1)");
    expect(() => database.exec("INSERT INTO t VALUES (1)")).toThrow(/UNIQUE/);
    expect(database.inTransaction).toBe(true);
    expect(() => database.exec("INSERT OR ROLLBACK INTO t VALUES (1)")).toThrow(/UNIQUE/);
    expect(database.inTransaction).toBe(false);
  });
});
