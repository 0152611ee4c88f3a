/** Cursors that nobody reads to their end give their statements back once they cannot be reached any more. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { SqliteDriver, SqliteStatement } from "@holdfast/core/contract";
import { openStorage, sqliteWasm } from "holdfast";
import { expect, test } from "vitest";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** The driver, and how many of its statements are compiled. */
function counting(driver: SqliteDriver): { driver: SqliteDriver; compiled(): number } {
  const compiled = new Set<SqliteStatement>();
  const open: SqliteDriver["open"] = async (options) => {
    const database = await driver.open(options);
    const prepare = database.prepare.bind(database);
    database.prepare = (sql) => {
      const prepared = prepare(sql);
      if (!prepared) return undefined;
      const { statement } = prepared;
      const finalize = statement.finalize.bind(statement);
      compiled.add(statement);
      statement.finalize = () => {
        compiled.delete(statement);
        finalize();
      };
      return prepared;
    };
    return database;
  };
  return { driver: { ...driver, open }, compiled: () => compiled.size };
}

test("statements of dropped cursors", async () => {
  const { driver, compiled } = counting(sqliteWasm());
  const opened = await openStorage({ id: "dropped", driver });
  const { sql } = opened.storage;
  sql.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)");
  const kept = Array.from({ length: 100 }, () => sql.exec("SELECT a FROM t"));
  for (let i = 0; i < 500; i++) expect(sql.exec("SELECT a FROM t").next().value).toEqual({ a: 1 });
  expect(compiled()).toBeGreaterThan(600);
  while (compiled() > 200) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve)); // finalization is a task of its own
  }
  expect(kept.map((cursor) => cursor.toArray().length)).toEqual(kept.map(() => 3));
  await expect.poll(compiled).toBeLessThan(50);
  expect(sql.exec("SELECT count(*) AS n FROM t").one()).toEqual({ n: 3 });
  await opened.close();
  expect(compiled()).toBeLessThan(50);
});
