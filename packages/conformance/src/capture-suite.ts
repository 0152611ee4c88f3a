/** The part of {@link driverSuite} about pages: what an engine hands over, keeps, and makes of damage. */
import type { SqliteDriver, SqliteError } from "@holdfast/core/contract";
import type { DriverSuiteParts } from "./driver-suite.js";
import { ArrayImage, type OpenedDatabase, openDatabase, query, thrown } from "./open-database.js";
import { Random } from "./random.js";

export function captureSuite({ test, equal, driver }: DriverSuiteParts): void {
  test("each writing transaction gives one commit with the pages it changed; a reading one gives none", async () => {
    const { database, commits, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a)");
    equal(commits.map(pageNumbers), [[1, 2]]);
    query(database, "SELECT * FROM t");
    database.exec("BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); COMMIT");
    equal(commits.length, 2);
    equal(pageNumbers(commits[1]).includes(2), true);
    equal(image.pageCount, 2);
    equal(database.pageCount, 2);
    database.close();
  });

  test("pages count inside a transaction as it sees them", async () => {
    const { database } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a)");
    database.exec("BEGIN; INSERT INTO t VALUES (zeroblob(100000))");
    equal(database.pageCount > 20, true);
    database.exec("ROLLBACK");
    equal(database.pageCount, 2);
    database.close();
  });

  test("a rollback gives no commit and leaves the image as it was", async () => {
    const { database, commits, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
    const before = image.freeze();
    database.exec("BEGIN; INSERT INTO t SELECT randomblob(9000) FROM t; DROP TABLE t; ROLLBACK");
    equal(commits.length, 2);
    equal(image.pages, before.pages);
    equal(query(database, "SELECT * FROM t"), [[1]]);
    database.close();
  });

  test("a savepoint that is rolled back leaves nothing in the commit", async () => {
    const { database, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a)");
    database.exec("BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s; INSERT INTO t VALUES (2); ROLLBACK TO s; COMMIT");
    database.close();
    const again = await openDatabase(driver, { pages: image.pages });
    equal(query(again.database, "SELECT * FROM t"), [[1]]);
    again.database.close();
  });

  test("the commits are the database: replayed, they open as it, holes and truncation included", async () => {
    const { database, image, commits } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); CREATE TABLE u(a)");
    // Pages that are allocated and freed in one transaction are in the file, but never written.
    database.exec(
      "BEGIN; INSERT INTO t VALUES (zeroblob(400000)); CREATE TABLE last(a); INSERT INTO last VALUES (1); DELETE FROM t; COMMIT",
    );
    database.exec("DROP TABLE u; VACUUM; INSERT INTO t VALUES (randomblob(50000))");
    const replayed = new ArrayImage();
    for (const commit of commits) replayed.apply(commit);
    equal(replayed.pages, image.pages);
    database.close();
    const again = await openDatabase(driver, { pages: replayed.pages });
    equal(query(again.database, "PRAGMA integrity_check"), [["ok"]]);
    equal(query(again.database, "SELECT count(*), length(max(a)) FROM t"), [[1, 50000]]);
    again.database.close();
  });

  test("an image of one database opens as another, which does not see the first one's later changes", async () => {
    const { database, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES ('x')");
    const again = await openDatabase(driver, { pages: image.pages });
    database.exec("DELETE FROM t");
    equal(query(again.database, "SELECT * FROM t"), [["x"]]);
    again.database.close();
    equal(thrown(() => again.database.exec("SELECT 1")) instanceof Error, true);
    database.close();
  });

  test("a full database: SQLITE_FULL, everything rolled back, and a smaller transaction works", async () => {
    const { database, commits, image } = await openDatabase(driver, {
      maxPageCount: 20,
      beforeCommit: (pageCount) => (pageCount > 20 ? "full" : "ok"),
    });
    database.exec("CREATE TABLE t(a)");
    const before = image.freeze();
    const error = thrown(() => database.exec("BEGIN; INSERT INTO t VALUES (zeroblob(200000)); COMMIT"));
    equal((error as SqliteError).code, 13);
    if (database.inTransaction) database.exec("ROLLBACK");
    equal(image.pages, before.pages);
    database.exec("INSERT INTO t VALUES (2)");
    equal(query(database, "SELECT a FROM t"), [[2]]);
    equal(commits.length, 2);
    database.close();
  });

  if (driver.supports.quota === "commit") {
    test("a veto at the commit: SQLITE_FULL, everything rolled back, and the next transaction works", async () => {
      let verdict: "ok" | "full" = "ok";
      const { database, commits, image } = await openDatabase(driver, { beforeCommit: () => verdict });
      database.exec("CREATE TABLE t(a)");
      const before = image.freeze();
      verdict = "full";
      database.exec("BEGIN; INSERT INTO t VALUES (1)");
      equal((thrown(() => database.exec("COMMIT")) as SqliteError).code, 13);
      if (database.inTransaction) database.exec("ROLLBACK");
      equal(image.pages, before.pages);
      verdict = "ok";
      database.exec("INSERT INTO t VALUES (2)");
      equal(query(database, "SELECT a FROM t"), [[2]]);
      equal(commits.length, 2);
      database.close();
    });
  }

  test("a receiver that fails makes the commit fail, with its error as the cause", async () => {
    const refusal = new Error("the log is gone");
    const { database } = await openDatabase(driver, {
      onCommit: () => {
        throw refusal;
      },
    });
    const error = thrown(() => database.exec("CREATE TABLE t(a)")) as SqliteError;
    equal([error.code, error.cause], [10, refusal]);
    database.close();
  });

  test("a damaged image gives an error of SQLite's, not a crash", async () => {
    const { database, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (randomblob(20000))");
    database.close();
    const pages = image.pages.map((one, i) => (i === 1 ? one.slice().fill(0xff) : one));
    const damaged = await openDatabase(driver, { pages });
    equal((thrown(() => query(damaged.database, "SELECT * FROM t")) as SqliteError).code, 11);
    damaged.database.close();
  });

  test("bytes changed anywhere in an image: errors of SQLite's or rows, and the next open works", async () => {
    const { database, image } = await openDatabase(driver);
    database.exec(`CREATE TABLE t(a INTEGER PRIMARY KEY, b, c); CREATE INDEX i ON t(b); CREATE VIEW v AS SELECT b, count(*) FROM t GROUP BY b;
      WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO t SELECT i, i % 7, hex(zeroblob(i % 40)) FROM n`);
    database.close();
    const random = new Random(5);
    for (let round = 0; round < 150; round++) {
      const pages = image.pages.map((page) => page.slice());
      for (let i = 1 + random.below(8); i > 0; i--) (random.pick(pages) as Uint8Array)[random.below(4096)] = random.below(256);
      const error = await useAll(driver, pages);
      if (error !== undefined)
        equal([round, typeof (error as SqliteError).code, (error as Error).name], [round, "number", "SqliteError"]);
    }
    const again = await openDatabase(driver, { pages: image.pages });
    equal(query(again.database, "PRAGMA integrity_check"), [["ok"]]);
    again.database.close();
  });

  test("an image that is no database is refused with an error of SQLite's, and the next open works", async () => {
    const noise = new Uint8Array(4096).fill(0x5a);
    const outcome = await openDatabase(driver, { pages: [noise] }).then(
      ({ database }) => thrown(() => query(database, "SELECT * FROM sqlite_master")),
      (error: unknown) => error,
    );
    equal((outcome as SqliteError).code, 26);
    const { database } = await openDatabase(driver);
    equal(query(database, "SELECT 1"), [[1]]);
    database.close();
  });

  test("JavaScript's stack ending inside SQLite never leaves a half-made database", async () => {
    const { database, image } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a)");
    const failures: unknown[] = [];
    let done = 0;
    const attempt = () => {
      try {
        database.exec("INSERT INTO t SELECT 1 FROM (SELECT 1 UNION SELECT 2) WHERE 1 IN (SELECT 1)");
        done += 1;
      } catch (error) {
        failures.push(error);
      }
    };
    let left = 0;
    /** Attempts in the last frames of the stack, from its end upwards. */
    const descend = () => {
      try {
        descend();
      } catch (error) {
        left = 200; // the end, or an attempt without even the room to fail
        failures.push(error);
      }
      left -= 1;
      if (left > 0) attempt();
    };
    descend();
    equal(failures.length > 0 && failures.every((failure) => failure instanceof Error), true);
    // Whatever came of it: a new database over the image is whole, and so is this one if it still answers.
    const again = await openDatabase(driver, { pages: image.pages });
    equal(query(again.database, "PRAGMA integrity_check"), [["ok"]]);
    const rows = Number(query(again.database, "SELECT count(*) FROM t")[0]?.[0]);
    equal([rows >= 2 * done, rows % 2], [true, 0]); // every attempt that said so is there, and each whole or not at all
    again.database.close();
    database.close();
  });
}

function pageNumbers(commit: { readonly pages: Iterable<{ readonly pageNumber: number }> } | undefined): number[] {
  return [...(commit?.pages ?? [])].map(({ pageNumber }) => pageNumber).sort((a, b) => a - b);
}

/** Reads and writes everything of a damaged database; what went wrong, if anything did. */
async function useAll(driver: SqliteDriver, pages: readonly Uint8Array[]): Promise<unknown> {
  let opened: OpenedDatabase | undefined;
  try {
    opened = await openDatabase(driver, { pages });
    for (const sql of [
      "SELECT * FROM t",
      "SELECT * FROM t WHERE b = 3",
      "SELECT * FROM v",
      "UPDATE t SET b = b + 1, c = c || 'x'",
      "DELETE FROM t WHERE a % 3 = 0",
    ]) {
      query(opened.database, sql);
    }
    return undefined;
  } catch (error) {
    return error;
  } finally {
    opened?.database.close();
  }
}
