/** driver-suite.ts
 * What every engine must do (`core/contract/driver.ts`). The test runner is passed in, so that it can be any. What an engine declares in
 * `supports` that it cannot do is left out; nothing else is. */
import type { SqliteDriver, SqliteError, SqlValue } from "@holdfast/core/contract";
import { captureSuite } from "./capture-suite.js";
import { openDatabase, query, thrown } from "./open-database.js";

export interface DriverSuiteParts {
  test(name: string, run: () => Promise<void>): void;
  /** Must throw if the two are not deeply equal. */
  equal(actual: unknown, expected: unknown): void;
  readonly driver: SqliteDriver;
}

export function driverSuite({ test, equal, driver }: DriverSuiteParts): void {
  captureSuite({ test, equal, driver });
  statementSuite({ test, equal, driver });
  policySuite({ test, equal, driver });
}

function statementSuite({ test, equal, driver }: DriverSuiteParts): void {
  test("the tail, also behind text of several bytes a character, and blanks that are no statement", async () => {
    const { database } = await openDatabase(driver);
    equal(database.prepare("SELECT 'é😀'; SELECT 2")?.tail, " SELECT 2");
    equal(database.prepare("SELECT 1")?.tail, "");
    equal(database.prepare(" -- nothing\n;"), undefined);
    equal(database.prepare(""), undefined);
    database.close();
  });

  test("whether a statement may write", async () => {
    const { database } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a)");
    const reading = ["SELECT 1", "SELECT * FROM t", "PRAGMA table_info(t)", "WITH c AS (SELECT 1) SELECT * FROM c"];
    const writing = ["INSERT INTO t VALUES (1)", "DELETE FROM t", "CREATE TABLE u(a)", "VACUUM", "ANALYZE", "DROP TABLE t"];
    const readOnly = (sql: string) => [sql, database.prepare(sql)?.statement.readOnly];
    equal(
      reading.map(readOnly),
      reading.map((sql) => [sql, true]),
    );
    equal(
      writing.map(readOnly),
      writing.map((sql) => [sql, false]),
    );
    database.close();
  });

  test("parameters are counted, and numbers are bound as REAL", async () => {
    const { database } = await openDatabase(driver);
    const statement = database.prepare("SELECT typeof(?), ?3, :name, '?', \"?\" -- ?")?.statement;
    equal(statement?.parameterCount, 4);
    statement?.bind([5, "x", Uint8Array.of(1, 2), null]);
    equal(statement?.step(), true);
    equal(statement?.row(), ["real", Uint8Array.of(1, 2), null, "?", "?"]);
    statement?.reset();
    equal((thrown(() => statement?.bind([1, 2, 3, 4, 5])) as SqliteError).code, 25);
    database.close();
  });

  test("values of every kind survive", async () => {
    const { database } = await openDatabase(driver);
    const values: SqlValue[] = [null, 0, -0, 1.5, -1e300, Number.POSITIVE_INFINITY, "", "ä😀", "a\0b", new Uint8Array(0)];
    for (const value of values) equal(query(database, "SELECT ?", [value])[0]?.[0], value);
    equal(query(database, "SELECT 9223372036854775807, 9007199254740993, 1e400"), [[2 ** 63, 2 ** 53, Number.POSITIVE_INFINITY]]);
    const long = "é".repeat(50_000);
    equal(query(database, "SELECT ?, length(?1)", [long]), [[long, 50_000]]);
    database.close();
  });

  if (driver.supports.exactText) {
    test("lone surrogates are stored as WTF-8", async () => {
      const { database } = await openDatabase(driver);
      const rows = query(database, "SELECT ?1, hex(?1), length(CAST(?1 AS BLOB))", ["a\0b\ud800"]);
      equal(rows, [["a\0b\ufffd\ufffd\ufffd", "610062EDA080", 6]]);
      database.close();
    });
  }

  test("names of columns follow a changed schema", async () => {
    const { database } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
    const statement = database.prepare("SELECT *, 1 AS one FROM t")?.statement;
    equal(statement?.step(), true);
    equal(statement?.columnNames, ["a", "one"]);
    statement?.reset();
    database.exec("ALTER TABLE t ADD COLUMN b");
    equal(statement?.step(), true);
    equal(statement?.columnNames, ["a", "b", "one"]);
    equal(statement?.row(), [1, null, 1]);
    database.close();
  });

  test("a statement runs again after reset, with its bindings; a finalized one refuses", async () => {
    const { database } = await openDatabase(driver);
    const statement = database.prepare("SELECT ?")?.statement;
    statement?.bind(["x"]);
    for (let i = 0; i < 2; i++) {
      equal(statement?.step(), true);
      equal(statement?.row(), ["x"]);
      equal(statement?.step(), false);
      statement?.reset();
    }
    statement?.finalize();
    equal(thrown(() => statement?.step()) instanceof Error, true);
    database.close();
  });

  test("rows of transient steps, where the engine has them", async () => {
    const { database } = await openDatabase(driver);
    const statement = database.prepare("VALUES (x'01', x'02', 'a'), (x'03', x'', 4), (NULL, zeroblob(100), 'b')")?.statement;
    const step = () => (statement?.stepTransient ? statement.stepTransient() : statement?.step());
    const rows: unknown[] = [];
    while (step()) rows.push(structuredClone(statement?.row()));
    equal(rows, [
      [Uint8Array.of(1), Uint8Array.of(2), "a"],
      [Uint8Array.of(3), new Uint8Array(0), 4],
      [null, new Uint8Array(100), "b"],
    ]);
    statement?.reset();
    equal(statement?.step(), true);
    const kept = statement?.row();
    equal(statement?.stepTransient?.() ?? true, true);
    equal(kept, [Uint8Array.of(1), Uint8Array.of(2), "a"]);
    database.close();
  });

  test("UPDATE and DELETE take ORDER BY and LIMIT", async () => {
    const { database } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4)");
    query(database, "UPDATE t SET b = 'x' WHERE a > 1 ORDER BY a DESC LIMIT ?", [1]);
    equal(query(database, "DELETE FROM t RETURNING a ORDER BY a LIMIT 1 OFFSET 1"), [[2]]);
    equal(query(database, "SELECT a, b FROM t"), [
      [1, 1],
      [3, 3],
      [4, "x"],
    ]);
    database.close();
  });

  test("counts grow and never fail", async () => {
    const { database } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)");
    const statement = database.prepare("SELECT * FROM t")?.statement;
    statement?.step();
    const first = statement?.counts();
    statement?.step();
    statement?.step();
    const last = statement?.counts();
    equal((first?.rowsRead ?? 0) <= (last?.rowsRead ?? 0), true);
    equal(last?.rowsWritten, 0);
    if (driver.supports.rowCounts === "exact") equal([first?.rowsRead, last?.rowsRead], [1, 2]);
    database.close();
  });
}

function policySuite({ test, equal, driver }: DriverSuiteParts): void {
  test("the authorizer is asked and obeyed, also inside views and triggers; the driver's own statements are not asked for", async () => {
    const actions: string[] = [];
    let forbidden = "secret";
    const { database } = await openDatabase(driver, {
      authorize: (action, first) => {
        actions.push(`${action} ${first}`);
        return first === forbidden ? "deny" : "ok";
      },
    });
    equal(actions, []);
    database.exec("CREATE TABLE t(a)");
    equal(actions.includes("2 t"), true);
    actions.length = 0;
    equal(database.pageCount, 2);
    equal(database.inTransaction, false);
    equal(actions, []);
    equal((thrown(() => database.exec("CREATE TABLE secret(a)")) as SqliteError).code, 23);
    forbidden = "";
    database.exec("CREATE TABLE secret(a); CREATE VIEW v AS SELECT a FROM secret");
    database.exec("CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM secret; END");
    forbidden = "secret";
    equal((thrown(() => query(database, "SELECT * FROM v")) as SqliteError).code, 23);
    equal((thrown(() => database.exec("INSERT INTO t VALUES (1)")) as SqliteError).code, 23);
    database.close();
  });

  test("limits are enforced, for each database its own", async () => {
    const limited = await openDatabase(driver, { limits: { column: 10, variableNumber: 2, length: 1000 } });
    const free = await openDatabase(driver);
    const columns = `SELECT ${Array(11).fill(1).join()}`;
    const message = (sql: string) => (thrown(() => limited.database.prepare(sql)) as Error).message;
    equal(/too many columns/.test(message(columns)), true);
    equal(/too many SQL variables/.test(message("SELECT ?, ?, ?")), true);
    equal((thrown(() => query(limited.database, "SELECT zeroblob(1001)")) as SqliteError).code, 18);
    equal(query(free.database, columns)[0]?.length, 11);
    limited.database.close();
    free.database.close();
  });

  test("SQLite ending the transaction by itself is noticed", async () => {
    const { database } = await openDatabase(driver);
    database.exec("CREATE TABLE t(a UNIQUE); BEGIN; INSERT INTO t VALUES (1)");
    equal((thrown(() => database.exec("INSERT INTO t VALUES (1)")) as SqliteError).code, 19);
    equal(database.inTransaction, true);
    equal((thrown(() => database.exec("INSERT OR ROLLBACK INTO t VALUES (1)")) as SqliteError).code, 19);
    equal(database.inTransaction, false);
    database.close();
  });

  test("constraints are told apart by their extended codes", async () => {
    const { database } = await openDatabase(driver);
    database.exec(`CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE, c NOT NULL DEFAULT 0, d CHECK (d > 0), e REFERENCES t(a));
      CREATE TABLE w(k TEXT, PRIMARY KEY (k)) WITHOUT ROWID; CREATE TABLE p(k TEXT PRIMARY KEY); CREATE TABLE bare(x);
      CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT raise(ABORT, 'no'); END;
      INSERT INTO t(a, b) VALUES (1, 1); INSERT INTO w VALUES ('k'); INSERT INTO p VALUES ('k'); INSERT INTO bare(rowid) VALUES (1)`);
    const extended = (sql: string) => (thrown(() => database.exec(sql)) as SqliteError).extendedCode;
    equal(extended("INSERT INTO t(a) VALUES (1)"), 1555);
    equal(extended("INSERT INTO w VALUES ('k')"), 1555);
    equal(extended("INSERT INTO p VALUES ('k')"), 1555);
    equal(extended("INSERT INTO bare(rowid) VALUES (1)"), 2579);
    equal(extended("INSERT INTO t(b) VALUES (1)"), 2067);
    equal(extended("INSERT INTO t(c) VALUES (NULL)"), 1299);
    equal(extended("INSERT INTO t(d) VALUES (0)"), 275);
    equal(extended("INSERT INTO t(e) VALUES (99)"), 787);
    equal(extended("DELETE FROM t"), 1811);
    database.close();
  });
}
