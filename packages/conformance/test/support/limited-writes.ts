/** `UPDATE … LIMIT` and `DELETE … LIMIT`: engines compiled without them must do what SQLite does by itself. */
import type { SqliteDriver } from "@holdfast/core/contract";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { openStorage } from "holdfast";
import { expect } from "vitest";

type Statement = string | readonly [sql: string, ...bindings: unknown[]];

const FILL = "INSERT INTO t VALUES (3, 'x'), (1, 'y'), (2, 'z')";
const OTHER = ["CREATE TABLE u(k, w)", "INSERT INTO u VALUES (1, 'one'), (2, 'two'), (2, 'deux'), (3, 'three')"];
const KEYED = ["CREATE TABLE t(a, b, PRIMARY KEY (a, b)) WITHOUT ROWID", "INSERT INTO t VALUES (1, 'x'), (1, 'y'), (2, 'x')"];
const VIEW = [
  "CREATE TABLE base(a, b)",
  "INSERT INTO base VALUES (3, 'x'), (1, NULL), (2, 'z')",
  "CREATE TABLE t(said)",
  'CREATE VIEW v AS SELECT a, b AS "the b" FROM base',
  "CREATE TRIGGER gone INSTEAD OF DELETE ON v BEGIN INSERT INTO t VALUES ('gone ' || OLD.a); DELETE FROM base WHERE a = OLD.a; END",
  "CREATE TRIGGER went INSTEAD OF UPDATE ON v BEGIN INSERT INTO t VALUES (OLD.a || ' to ' || NEW.a); END",
];

/** Each in an object of its own. */
const PROGRAMS: readonly (readonly Statement[])[] = [
  ["CREATE TABLE t(a, b)", FILL, "WITH t AS (SELECT 1 AS a, 2 AS b) DELETE FROM t LIMIT 1"],
  ["CREATE TABLE t(a, b)", FILL, "UPDATE t SET a = b IS DISTINCT FROM a ORDER BY a LIMIT 2"],
  [
    "CREATE TABLE t(a, b)",
    FILL,
    "DELETE FROM t LIMIT 1",
    "DROP TABLE t",
    "CREATE TABLE t(a, rowid)",
    "INSERT INTO t VALUES (1, 7), (2, 7), (3, 7), (4, 8)",
    "DELETE FROM t LIMIT 1",
    "DROP TABLE t",
    "CREATE TABLE t(a PRIMARY KEY) WITHOUT /* x */ ROWID",
    "INSERT INTO t VALUES (1), (2)",
    "DELETE FROM t LIMIT 1",
  ],
  [
    "CREATE TABLE t(a)",
    "DELETE FROM nope LIMIT 1",
    "INSERT INTO t VALUES (1), (2)",
    " \vDELETE FROM t LIMIT 1",
    "EXPLAIN QUERY PLAN DELETE FROM t LIMIT 1",
  ],
  ["CREATE TABLE t(a, b)", FILL, ...OTHER, "UPDATE t SET b = w FROM u WHERE a = k ORDER BY a DESC LIMIT 2 OFFSET 1"],
  ["CREATE TABLE t(a, b)", FILL, ...OTHER, "UPDATE t SET b = w FROM u WHERE k = 2 LIMIT 1"],
  [
    "CREATE TABLE t(a, b)",
    FILL,
    ...OTHER,
    "UPDATE t AS x SET (a, b) = (k + 10, x.b || w) FROM u AS y JOIN u AS z USING (k) WHERE a = k LIMIT 2",
  ],
  [
    "CREATE TABLE t(a, b)",
    FILL,
    ...OTHER,
    [
      "UPDATE t SET b = w || ? FROM (SELECT * FROM u) WHERE a = k AND k > ? RETURNING a, b || ? ORDER BY a LIMIT ?",
      "!",
      1,
      "?",
      1,
    ],
  ],
  [
    "CREATE TABLE t(a, b)",
    FILL,
    ...OTHER,
    "WITH c AS (SELECT 9 AS n) UPDATE OR IGNORE main.t SET a = n FROM c, u WHERE a = k LIMIT 1",
  ],
  ["CREATE TABLE t(a, b)", FILL, ...OTHER, "UPDATE t SET b = w FROM u ORDER BY a", "UPDATE t SET b = nope FROM u LIMIT 1"],
  [
    ...KEYED,
    "CREATE TABLE u(k, w)",
    "INSERT INTO u VALUES (1, 'w')",
    "UPDATE t SET b = b || w FROM u WHERE a = k ORDER BY b DESC LIMIT 1",
  ],
  [...KEYED, "DELETE FROM t ORDER BY b, a DESC LIMIT 1 RETURNING *", "DELETE FROM t RETURNING * ORDER BY b, a DESC LIMIT 1"],
  [...VIEW, "DELETE FROM v ORDER BY a LIMIT 2"],
  [...VIEW, "DELETE FROM v AS x WHERE x.a > 1 LIMIT -1 OFFSET 1"],
  [...VIEW, ['UPDATE v SET a = a + ? WHERE "the b" IS NULL OR a = 3 ORDER BY a DESC LIMIT ?', 10, 1]],
];

/** What each statement returned, or the error's text; then the table `t`, and what `changes()` says. */
async function outcomes(driver: SqliteDriver, program: readonly Statement[]): Promise<unknown[]> {
  const opened = await openStorage({ id: "limit", driver });
  const { sql } = opened.storage;
  const attempt = (statement: Statement): unknown => {
    const [text, ...bindings] = typeof statement === "string" ? [statement] : statement;
    try {
      return [...sql.exec(text, ...bindings).raw()];
    } catch (error) {
      return (error as Error).message.replace(/ at offset \d+/, ""); // an offset into a rewritten text would mislead
    }
  };
  const all = [...program, "SELECT changes(), total_changes()", "SELECT * FROM t"].map(attempt);
  await opened.close();
  return all;
}

export async function compareLimitedWrites(driver: SqliteDriver): Promise<void> {
  const reference = sqliteWasm();
  for (const program of PROGRAMS) {
    expect(await outcomes(driver, program), String(program.at(-1))).toEqual(await outcomes(reference, program));
  }
}
