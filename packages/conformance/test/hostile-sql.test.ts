/** SQL that is after the hidden tables, on every driver that runs everywhere: nothing of ours is read or changed, whatever it is that says no. */
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { openStorage } from "holdfast";
import { describe, expect, test } from "vitest";

const drivers = { wasm: sqliteWasm(), sqljs: sqljs(), "sqljs without struct facts": sqljs({ structFacts: false }) };

/** Each in an object of its own, statement by statement; `\v` is a blank to SQLite behind another one. */
const PROGRAMS: readonly (readonly string[])[] = [
  ["SELECT * FROM _cf_KV"],
  ['SELECT hex(value) FROM main."_CF_kv"'],
  ["SELECT hex(value) FROM /* x */ [_cf_KV]"],
  [
    "CREATE VIEW v AS SELECT * FROM _cf_KV",
    "SELECT hex(value) FROM v",
    "CREATE TABLE copy AS SELECT hex(value) AS h FROM v",
    "SELECT * FROM copy",
  ],
  [
    "CREATE TABLE src(key, value)",
    "CREATE VIEW v AS SELECT key, value FROM src",
    "SELECT key, hex(value) FROM v",
    "DROP VIEW v",
    "CREATE VIEW v AS SELECT key, value FROM _cf_KV",
    "SELECT key, hex(value) FROM v",
  ],
  [
    "CREATE TABLE t(a)",
    "INSERT INTO t VALUES (1)",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM _cf_KV; UPDATE _cf_KV SET value = x'00'; END",
    "INSERT INTO t VALUES (1)",
  ],
  [
    "CREATE TABLE t(a)",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT OR REPLACE INTO _cf_KV VALUES ('secret', x'00'); END",
    "INSERT INTO t VALUES (1)",
  ],
  ["ALTER TABLE _cf_KV RENAME TO stolen", " \vALTER TABLE _cf_KV RENAME TO stolen", "SELECT hex(value) FROM stolen"],
  [
    "ALTER TABLE _cf_KV ADD COLUMN x",
    "DROP TABLE _cf_KV",
    " \vDROP TABLE _cf_KV",
    "\ufeff DROP TABLE _cf_KV",
    ";; DROP TABLE _cf_KV",
  ],
  ["DELETE FROM _cf_KV", "DELETE FROM _cf_KV LIMIT 1", "WITH x AS (SELECT 1) DELETE FROM _cf_KV ORDER BY key LIMIT 1"],
  ["UPDATE _cf_KV SET value = x'00' LIMIT 1", "INSERT OR REPLACE INTO _cf_KV VALUES ('secret', x'00')"],
  [
    " \vPRAGMA writable_schema = ON",
    "UPDATE sqlite_master SET name = 'stolen', tbl_name = 'stolen' WHERE name = '_cf_KV'",
    "SELECT hex(value) FROM stolen",
  ],
  ["CREATE TABLE p(a REFERENCES _cf_KV(key))", "INSERT INTO p VALUES ('secret')", "INSERT INTO p VALUES ('nope')"],
  [
    "CREATE INDEX i ON _cf_KV(value)",
    "CREATE TRIGGER g BEFORE DELETE ON _cf_KV BEGIN SELECT 1; END",
    "CREATE TEMP VIEW w AS SELECT * FROM _cf_KV",
  ],
  [" \vSAVEPOINT a", " \vROLLBACK", " \vCOMMIT", "EXPLAIN ROLLBACK", "SELECT 1; ROLLBACK"],
  ["ATTACH ':memory:' AS m", " \vATTACH ':memory:' AS m", "CREATE TABLE m.copy AS SELECT * FROM _cf_KV", "VACUUM INTO 'copy'"],
  [
    "SELECT * FROM (pragma_table_info('_cf_KV'))",
    "SELECT * FROM main.pragma_user_version",
    "SELECT 1 WHERE 'x' IN pragma_compile_options",
  ],
  [
    "SELECT (SELECT hex(value) FROM _cf_KV LIMIT 1)",
    "SELECT EXISTS(SELECT 1 FROM _cf_KV WHERE key = 'secret')",
    "VALUES ((SELECT count(*) FROM _cf_KV))",
  ],
  ["CREATE VIRTUAL TABLE f USING fts5(value, content = '_cf_KV')", "INSERT INTO f(f) VALUES ('rebuild')", "SELECT * FROM f"],
];

for (const [name, driver] of Object.entries(drivers)) {
  describe(name, () => {
    test.each(PROGRAMS.map((program) => [program.join("; ").slice(0, 60), program] as const))("%s", async (_name, program) => {
      const opened = await openStorage({ id: "hostile", driver });
      const { kv, sql } = opened.storage;
      kv.put("secret", "S3");
      await opened.storage.sync();
      for (const statement of program) {
        for (let run = 0; run < 2; run++) {
          try {
            const told = JSON.stringify([...sql.exec(statement).raw()]);
            expect(told, statement).not.toMatch(/secret|025333|"key","TEXT"|memory/);
          } catch (error) {
            expect((error as Error).message, statement).not.toContain("internal");
          }
        }
      }
      expect(kv.get("secret")).toBe("S3");
      await opened.storage.sync();
      await opened.restart();
      expect(opened.storage.kv.get("secret")).toBe("S3");
      await opened.close();
    });
  });
}
