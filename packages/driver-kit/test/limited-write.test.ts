import { describe, expect, test } from "vitest";
import { rewriteLimitedWrite } from "../src/index.js";

const rewrite = (sql: string, key: readonly string[] | undefined = ["rowid"]) => rewriteLimitedWrite(sql, () => key)?.sql;

describe("UPDATE and DELETE with LIMIT", () => {
  test("the rows are chosen by a subquery", () => {
    expect(rewrite("DELETE FROM t WHERE a > 1 ORDER BY b DESC LIMIT 2 OFFSET 1")).toBe(
      "DELETE FROM t WHERE rowid IN (SELECT rowid FROM main.t WHERE a > 1 ORDER BY b DESC LIMIT 2 OFFSET 1)",
    );
    expect(rewrite("UPDATE OR IGNORE main.t AS x SET a = (SELECT 1 LIMIT 1) LIMIT ?")).toBe(
      "UPDATE OR IGNORE main.t AS x SET a = (SELECT 1 LIMIT 1) WHERE rowid IN (SELECT rowid FROM main.t AS x  LIMIT ?)",
    );
  });

  test("a key of several columns is compared as a row", () => {
    expect(rewrite("DELETE FROM t LIMIT 1", ['"a"', '"b c"'])).toBe(
      'DELETE FROM t WHERE ("a", "b c") IN (SELECT "a", "b c" FROM main.t  LIMIT 1)',
    );
  });

  test("WITH and INDEXED BY stay, and the next statement is left over", () => {
    const sql = "WITH c AS (DELETE x LIMIT 1) DELETE FROM t INDEXED BY i WHERE a IN c LIMIT 1; SELECT ';'";
    expect(rewriteLimitedWrite(sql, () => ["rowid"])).toEqual({
      sql: "WITH c AS (DELETE x LIMIT 1) DELETE FROM t INDEXED BY i WHERE rowid IN (SELECT rowid FROM main.t INDEXED BY i WHERE a IN c LIMIT 1)",
      tail: " SELECT ';'",
    });
  });

  test("parameters that change places keep their numbers", () => {
    expect(rewrite("DELETE FROM t WHERE a = ? RETURNING a + ? ORDER BY b + :n LIMIT ?")).toBe(
      "DELETE FROM t WHERE rowid IN (SELECT rowid FROM main.t WHERE a = ?1 ORDER BY b + ?3 LIMIT ?4) RETURNING a + ?2",
    );
  });

  test("ORDER BY alone is SQLite's error", () => {
    expect(() => rewrite("DELETE FROM t ORDER BY a")).toThrow(
      expect.objectContaining({ code: 1, message: "ORDER BY without LIMIT on DELETE" }),
    );
  });

  test("what is something else is left alone", () => {
    for (const sql of [
      "DELETE FROM t",
      "SELECT 1 LIMIT 1",
      "",
      "UPDATE t SET a = 1 FROM u LIMIT 1",
      "DELETE",
      "-- DELETE FROM t LIMIT 1",
    ]) {
      expect(rewrite(sql), sql).toBeUndefined();
    }
    expect(rewriteLimitedWrite("DELETE FROM v LIMIT 1", () => undefined)).toBeUndefined();
  });
});
