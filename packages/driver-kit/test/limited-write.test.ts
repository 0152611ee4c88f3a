import { describe, expect, test } from "vitest";
import { rewriteLimitedWrite } from "../src/index.js";

const rewrite = (sql: string, columns: readonly string[] = ["rowid"], isView = false) =>
  rewriteLimitedWrite(sql, () => ({ columns, isView }))?.sql;

describe("UPDATE and DELETE with LIMIT", () => {
  test("the rows are chosen by a subquery", () => {
    expect(rewrite("DELETE FROM t WHERE a > 1 ORDER BY b DESC LIMIT 2 OFFSET 1")).toBe(
      "DELETE FROM t WHERE rowid IN (SELECT rowid FROM t WHERE a > 1 ORDER BY b DESC LIMIT 2 OFFSET 1)",
    );
    expect(rewrite("UPDATE OR IGNORE main.t AS x SET a = (SELECT 1 LIMIT 1) LIMIT ?")).toBe(
      "UPDATE OR IGNORE main.t AS x SET a = (SELECT 1 LIMIT 1) WHERE rowid IN (SELECT rowid FROM main.t AS x  LIMIT ?)",
    );
  });

  test("a key of several columns is compared as a row", () => {
    expect(rewrite("DELETE FROM t LIMIT 1", ['"a"', '"b c"'])).toBe(
      'DELETE FROM t WHERE ("a", "b c") IN (SELECT "a", "b c" FROM t  LIMIT 1)',
    );
  });

  test("WITH and INDEXED BY stay, and the next statement is left over", () => {
    const sql = "WITH c AS (DELETE x LIMIT 1) DELETE FROM t INDEXED BY i WHERE a IN c LIMIT 1; SELECT ';'";
    expect(rewriteLimitedWrite(sql, () => ({ columns: ["rowid"], isView: false }))).toEqual({
      sql: "WITH c AS (DELETE x LIMIT 1) DELETE FROM t INDEXED BY i WHERE rowid IN (SELECT rowid FROM main.t INDEXED BY i WHERE a IN c LIMIT 1)",
      tail: " SELECT ';'",
    });
  });

  test("parameters that change places keep their numbers", () => {
    expect(rewrite("DELETE FROM t WHERE a = ? RETURNING a + ? ORDER BY b + :n LIMIT ?")).toBe(
      "DELETE FROM t WHERE rowid IN (SELECT rowid FROM t WHERE a = ?1 ORDER BY b + ?3 LIMIT ?4) RETURNING a + ?2",
    );
  });

  test("UPDATE … FROM chooses rows and values together", () => {
    expect(
      rewrite("UPDATE t AS x SET a = max(b, ?), (c, d) = (1, w) FROM u JOIN v WHERE a = k RETURNING a ORDER BY 2 LIMIT 3"),
    ).toBe(
      'UPDATE t AS x SET a = chosen_rows.v0, c = chosen_rows.v1, d = chosen_rows.v2 FROM (SELECT "x".rowid AS k0, max(b, ?) AS v0, 1 AS v1, w AS v2 ' +
        'FROM t AS x, (u JOIN v) WHERE a = k GROUP BY "x".rowid ORDER BY 2 LIMIT 3) AS chosen_rows WHERE "x".rowid = chosen_rows.k0 RETURNING a',
    );
  });

  test("the rows of a view are told apart by what is in them", () => {
    expect(rewrite("DELETE FROM v LIMIT 1", ['"a"', '"b"'], true)).toBe(
      'DELETE FROM v WHERE EXISTS (SELECT 1 FROM (SELECT "a", "b" FROM v  LIMIT 1) AS chosen_rows WHERE chosen_rows."a" IS "v"."a" AND chosen_rows."b" IS "v"."b")',
    );
    expect(rewrite("UPDATE v SET a = 1 FROM u LIMIT 1", ['"a"'], true)).toBeUndefined();
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
      "UPDATE t SET (a, b) = (SELECT 1, 2) FROM u LIMIT 1",
      "DELETE",
      "-- DELETE FROM t LIMIT 1",
    ]) {
      expect(rewrite(sql), sql).toBeUndefined();
    }
    expect(rewriteLimitedWrite("DELETE FROM v LIMIT 1", () => undefined)).toBeUndefined();
  });
});
