import { type CommitPages, type Image, type OpenOptions, PAGE_SIZE, type SqliteDatabase } from "@holdfast/core/contract";
import { describe, expect, test } from "vitest";
import { sqliteWasm } from "../src/index.js";

const POSITION = { incarnation: 1n, epoch: 1, sequence: 0, txid: 0, checksum: 0, wallMs: 0 };

class ListImage implements Image {
  pages: Uint8Array[] = [];
  get pageCount() {
    return this.pages.length;
  }
  read(pageNumber: number) {
    return this.pages[pageNumber - 1] ?? new Uint8Array(PAGE_SIZE);
  }
  apply(commit: CommitPages) {
    while (this.pages.length < commit.pageCount) this.pages.push(new Uint8Array(PAGE_SIZE));
    this.pages.length = commit.pageCount;
    for (const { pageNumber, data } of commit.pages) this.pages[pageNumber - 1] = data.slice();
  }
  freeze() {
    return this;
  }
  close() {}
}

function options(image: Image, more: Partial<OpenOptions> = {}): OpenOptions {
  return {
    objectId: "test",
    head: POSITION,
    image,
    maxPageCount: 100_000,
    cacheBytes: 256 * 1024,
    limits: {},
    authorize: () => "ok",
    beforeCommit: () => "ok",
    onCommit: () => POSITION,
    durable: () => POSITION,
    ...more,
  };
}

function first(database: SqliteDatabase, sql: string): unknown {
  const statement = database.prepare(sql)?.statement;
  statement?.step();
  const value = statement?.row()[0];
  statement?.finalize();
  return value;
}

test("time and randomness are what was passed in", async () => {
  const driver = sqliteWasm({ now: () => Date.UTC(2031, 4, 6, 7, 8, 9, 125), random: (bytes) => void bytes.fill(7) });
  const database = await driver.open(options(new ListImage()));
  expect(first(database, "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).toBe("2031-05-06 07:08:09.125");
  const again = await sqliteWasm({ random: (bytes) => void bytes.fill(7) }).open(options(new ListImage()));
  expect(first(database, "SELECT hex(randomblob(8))")).toBe(first(again, "SELECT hex(randomblob(8))"));
});

test("FTS5, R*Tree, JSON and math are there", async () => {
  const database = await sqliteWasm().open(options(new ListImage()));
  database.exec("CREATE VIRTUAL TABLE f USING fts5(t); INSERT INTO f VALUES ('the quick brown fox'), ('lazy dog')");
  expect(first(database, "SELECT highlight(f, 0, '[', ']') FROM f WHERE f MATCH 'quick OR cat'")).toBe("the [quick] brown fox");
  database.exec("CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (1, 0, 2), (2, 5, 6)");
  expect(first(database, "SELECT id FROM r WHERE x0 > 3")).toBe(2);
  expect(first(database, "SELECT json_extract('{\"a\":[1,2]}', '$.a[1]') + sqrt(16)")).toBe(6);
});

test("the wasm may be passed in, as bytes or compiled; what is no wasm is refused", async () => {
  const { readFileSync } = await import("node:fs");
  const bytes = readFileSync(new URL("../wasm/sqlite3.wasm", import.meta.url));
  for (const wasm of [bytes, await WebAssembly.compile(bytes)]) {
    expect(first(await sqliteWasm({ wasm }).open(options(new ListImage())), "SELECT 1")).toBe(1);
  }
  await expect(sqliteWasm({ wasm: new Uint8Array(8) }).open(options(new ListImage()))).rejects.toThrow();
});

test("a thousand open databases share one instance", async () => {
  const driver = sqliteWasm();
  const databases = await Promise.all(Array.from({ length: 1000 }, () => driver.open(options(new ListImage()))));
  databases.forEach((database, i) => {
    database.exec(`CREATE TABLE t(a); INSERT INTO t VALUES (${i})`);
  });
  expect(databases.every((database, i) => first(database, "SELECT a FROM t") === i)).toBe(true);
  for (const database of databases) database.close();
});

describe("an instance that breaks down", () => {
  /** How deep functions can call each other here. */
  function depth(): number {
    try {
      return 1 + depth();
    } catch {
      return 1;
    }
  }

  function descend<T>(levels: number, run: () => T): T {
    return levels <= 0 ? run() : descend(levels - 1, run);
  }

  /** Ends JavaScript's stack in the middle of a call into SQLite, which compiles a deep expression by recursion. */
  function breakDown(database: SqliteDatabase): unknown {
    const sql = `SELECT ${Array(900).fill("a").join("+")} FROM t`;
    for (let levels = depth(); levels > 0; levels -= 10) {
      try {
        descend(levels, () => database.prepare(sql)?.statement.finalize());
        return undefined; // there was room enough, and never too little inside SQLite
      } catch (error) {
        if ((error as { code?: unknown }).code === "HOLDFAST_ENGINE_LOST") return error;
      }
    }
    return undefined;
  }

  test("is lost as a whole, says so on each of its databases, and the driver starts another", async () => {
    const driver = sqliteWasm();
    const image = new ListImage();
    const database = await driver.open(options(image));
    const neighbour = await driver.open(options(new ListImage()));
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)");
    expect(breakDown(database)).toMatchObject({
      code: "HOLDFAST_ENGINE_LOST",
      message: expect.stringContaining("what is durable is untouched"),
    });
    for (const one of [database, neighbour]) {
      expect(() => one.exec("SELECT 1")).toThrow(expect.objectContaining({ code: "HOLDFAST_ENGINE_LOST" }));
      expect(one.inTransaction).toBe(false);
      one.close();
    }
    const again = await driver.open(options(image));
    expect(first(again, "SELECT group_concat(a) FROM t")).toBe("1"); // the image has what was committed
    expect(first(again, "PRAGMA integrity_check")).toBe("ok");
  });
});
