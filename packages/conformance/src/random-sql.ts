/** random-sql.ts
 * Random programs over random schemas: what people write, what hardly anybody writes, and what does not compile. */
import { Random } from "./random.js";
import { randomSchema, type Schema, type Table } from "./random-schema.js";

export interface SqlStep {
  readonly sql: string;
  /** JSON values, and `{ $bytes: number[] }` for an ArrayBuffer. */
  readonly bindings: readonly unknown[];
  /** Whether the turn ends behind this step. */
  readonly sync: boolean;
}

const WORDS = ["apple", "Banana", "cherry pie", "ä😀", "", "a%b_c", "7", "null", "Zebra crossing", "x".repeat(60)];

/** A program of its own for each seed: a schema, rows, then statements of every kind. */
export function randomProgram(seed: number): SqlStep[] {
  const random = new Random(seed);
  const schema = randomSchema(random);
  const steps: SqlStep[] = [];
  const say = (sql: string, bindings: readonly unknown[] = []) => steps.push({ sql, bindings, sync: random.chance(0.2) });
  for (const sql of schema.statements) say(sql);
  for (const table of schema.tables) {
    for (let i = random.pick([0, 1, 3, 8]); i > 0; i--) insert(random, table, say);
    if (random.chance(0.3)) fill(random, table, say);
  }
  for (let i = 8 + random.below(10); i > 0; i--) {
    const kind = random.below(100);
    if (kind < 55) say(...query(random, schema));
    else if (kind < 88) write(random, random.pick(schema.tables), schema, say);
    else if (kind < 94) say(change(random, schema));
    else say(wrong(random, schema));
  }
  return steps;
}

type Say = (sql: string, bindings?: readonly unknown[]) => void;

function literal(random: Random): string {
  switch (random.below(8)) {
    case 0:
      return "NULL";
    case 1:
      return String(random.below(2000) / 8 - 100);
    case 2:
      return `x'${random.times(0, 4, () => random.below(256).toString(16).padStart(2, "0")).join("")}'`;
    case 3:
    case 4:
      return `'${random.pick(WORDS)}'`;
    default:
      return String(random.below(30) - 5);
  }
}

function binding(random: Random): unknown {
  switch (random.below(8)) {
    case 0:
      return null;
    case 1:
      return random.below(1000) / 4;
    case 2:
      return { $bytes: random.times(0, 5, () => random.below(256)) };
    case 3:
      return random.pick([true, 1e300, -0.5, 2 ** 53, [1, 2]]);
    case 4:
    case 5:
      return random.pick(WORDS);
    default:
      return random.below(30) - 5;
  }
}

function insert(random: Random, table: Table, say: Say): void {
  const columns = random.chance(0.7) ? table.writable : random.some(table.writable, 1, table.writable.length);
  const verb = random.pick(["INSERT", "INSERT", "INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE", "REPLACE"]);
  const into = `${verb} INTO ${table.name}(${columns.join(", ")})`;
  if (table.kind === "rtree") {
    const low = random.below(50);
    say(`INSERT OR REPLACE INTO ${table.name}(id, a, b) VALUES (?, ?, ?)`, [random.below(20), low, low + random.below(10)]);
  } else if (random.chance(0.5))
    say(
      `${into} VALUES (${columns.map(() => "?").join(", ")})`,
      columns.map(() => binding(random)),
    );
  else {
    const rows = random.times(1, 3, () => `(${columns.map(() => literal(random)).join(", ")})`);
    say(`${into} VALUES ${rows.join(", ")}${tail(random, table, verb)}`);
  }
}

/** ON CONFLICT and RETURNING. */
function tail(random: Random, table: Table, verb: string): string {
  const key = random.pick([...table.keys, undefined]);
  const column = random.pick(table.writable);
  const upsert =
    verb === "INSERT" && key && random.chance(0.4)
      ? ` ON CONFLICT(${key.join(", ")}) DO ${random.pick(["NOTHING", `UPDATE SET ${column} = excluded.${column}`])}`
      : "";
  return upsert + (random.chance(0.2) ? ` RETURNING ${random.pick(["*", ...table.columns])}` : "");
}

function fill(random: Random, table: Table, say: Say): void {
  const count = random.pick([20, 60, 150]);
  if (table.kind === "rtree") return;
  const value = () =>
    random.pick(["i", "i % 5", "'v' || i", "i * 1.5", "CASE WHEN i % 7 = 0 THEN NULL ELSE i END", "'w' || (i % 9)"]);
  const columns = table.writable.map((_, i) => (i === 0 && table.kind !== "fts5" ? "i + 1000" : value()));
  say(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     INSERT OR IGNORE INTO ${table.name}(${table.writable.join(", ")}) SELECT ${columns.join(", ")} FROM n`,
  );
}

function condition(random: Random, columns: readonly string[], depth = 0): string {
  const column = random.pick(columns);
  const other = random.pick(columns);
  switch (random.below(depth > 1 ? 9 : 12)) {
    case 0:
      return `${column} = ${literal(random)}`;
    case 1:
      return `${column} ${random.pick(["<", ">", "<=", ">=", "<>", "IS", "IS NOT"])} ${literal(random)}`;
    case 2:
      return `${column} BETWEEN ${random.below(20)} AND ${random.below(40)}`;
    case 3:
      return `${column} IN (${random.times(0, 4, () => literal(random)).join(", ")})`;
    case 4:
      return `${column} LIKE '${random.pick(["a%", "%e%", "v1%", "_", "w_"])}'`;
    case 5:
      return `${column} IS ${random.pick(["", "NOT "])}NULL`;
    case 6:
      return `${column} ${random.pick(["=", "<", ">"])} ${other}`;
    case 7:
      return `length(${column}) > ${random.below(4)}`;
    case 8:
      return `typeof(${column}) = '${random.pick(["text", "integer", "real", "blob", "null"])}'`;
    case 9:
      return `NOT (${condition(random, columns, depth + 1)})`;
    default:
      return `(${condition(random, columns, depth + 1)} ${random.pick(["AND", "OR", "AND"])} ${condition(random, columns, depth + 1)})`;
  }
}

function expression(random: Random, columns: readonly string[]): string {
  const column = random.pick(columns);
  return random.pick([
    column,
    column,
    `${column} + 1`,
    `${column} || '!'`,
    `coalesce(${column}, 'none')`,
    `upper(${column})`,
    `abs(${column})`,
    `round(${column} / 3.0, 2)`,
    `substr(${column}, 2, 3)`,
    `hex(${column})`,
    `quote(${column})`,
    `iif(${column} > 3, 'big', 'small')`,
    `json_array(${column})`,
    `CAST(${column} AS ${random.pick(["TEXT", "INTEGER", "REAL", "BLOB"])})`,
    `CASE ${column} WHEN 1 THEN 'one' WHEN 2 THEN 'two' END`,
    `printf('%s-%d', ${column}, ${column})`,
    `instr(${column}, 'a')`,
    `${column} COLLATE NOCASE`,
    `sqrt(abs(${column}))`,
    `unixepoch('2024-01-0' || (1 + length(${column}) % 9))`,
  ]);
}

function order(random: Random, columns: readonly string[]): string {
  if (random.chance(0.4)) return "";
  const terms = random.some(columns, 1, 3).map((column) => `${column}${random.pick(["", " DESC", " NULLS LAST"])}`);
  const limit = random.chance(0.4) ? ` LIMIT ${random.below(8)}${random.chance(0.4) ? ` OFFSET ${random.below(4)}` : ""}` : "";
  return ` ORDER BY ${terms.join(", ")}${limit}`;
}

function query(random: Random, schema: Schema): [sql: string, bindings?: readonly unknown[]] {
  const table = random.pick(schema.tables);
  const { name, columns } = table;
  const where = random.chance(0.6) ? ` WHERE ${condition(random, columns)}` : "";
  if (table.kind === "fts5" && random.chance(0.7)) {
    const match = random.pick(["apple", "ban*", "pie OR zebra", '"cherry pie"', "a: v1", "NOT x", "w3 AND v*"]);
    const what = random.pick([
      "rowid, *",
      "count(*)",
      "rowid, rank",
      "highlight(#, 0, '[', ']')",
      "snippet(#, 1, '<', '>', '…', 4)",
    ]);
    return [
      `SELECT ${what.replace("#", name)} FROM ${name} WHERE ${name} MATCH '${match}' ${random.pick(["", "ORDER BY rank", "LIMIT 2"])}`,
    ];
  }
  const other = random.pick(schema.tables);
  switch (random.below(16)) {
    case 0:
    case 1:
      return [`SELECT * FROM ${name}${where}${order(random, columns)}`];
    case 2:
    case 3:
      return [
        `SELECT ${random.times(1, 4, () => expression(random, columns)).join(", ")} FROM ${name}${where}${order(random, columns)}`,
      ];
    case 4:
      return [
        `SELECT DISTINCT ${random.some(columns, 1, 2).join(", ")} FROM ${name}${where}${order(random, [columns[0] as string])}`,
      ];
    case 5: {
      const group = random.pick(columns);
      const aggregate = random.pick([
        "count(*)",
        `sum(${random.pick(columns)})`,
        `max(${random.pick(columns)})`,
        `group_concat(${random.pick(columns)})`,
        `avg(length(${random.pick(columns)}))`,
      ]);
      const having = random.chance(0.3) ? ` HAVING count(*) > ${random.below(3)}` : "";
      return [`SELECT ${group}, ${aggregate} FROM ${name}${where} GROUP BY ${group}${having}`];
    }
    case 6:
      return [
        `SELECT ${random.pick(["count(*)", `count(${random.pick(columns)})`, `min(${random.pick(columns)})`, `max(${random.pick(columns)})`, `total(${random.pick(columns)})`])} FROM ${name}${where}`,
      ];
    case 7:
    case 8: {
      const join = random.pick(["JOIN", "LEFT JOIN", "JOIN", "CROSS JOIN"]);
      const on = `x.${random.pick(columns)} = y.${random.pick(other.columns)}`;
      return [
        `SELECT x.${random.pick(columns)}, y.* FROM ${name} x ${join} ${other.name} y ON ${on} WHERE x.${columns[0]} IS NOT NULL ORDER BY x.${columns[0]}, y.${other.columns[0]} LIMIT 50`,
      ];
    }
    case 9:
      return [
        `SELECT ${columns[0]}, (SELECT ${random.pick(["count(*)", `max(y.${random.pick(other.columns)})`])} FROM ${other.name} y WHERE y.${random.pick(other.columns)} ${random.pick(["=", "<"])} x.${random.pick(columns)}) FROM ${name} x ORDER BY 1 LIMIT 20`,
      ];
    case 10:
      return [
        `SELECT * FROM ${name} WHERE ${random.pick(columns)} ${random.pick(["IN", "NOT IN"])} (SELECT ${random.pick(other.columns)} FROM ${other.name}${random.chance(0.4) ? ` WHERE ${condition(random, other.columns)}` : ""})`,
      ];
    case 11:
      return [
        `SELECT ${random.pick(columns)} FROM ${name} ${random.pick(["UNION", "UNION ALL", "EXCEPT", "INTERSECT"])} SELECT ${random.pick(other.columns)} FROM ${other.name} ORDER BY 1`,
      ];
    case 12:
      return [
        `SELECT ${columns[0]}, ${random.pick(["row_number()", "rank()", "dense_rank()", `sum(length(${random.pick(columns)}))`, `lag(${random.pick(columns)})`, "ntile(3)"])} OVER (${random.chance(0.5) ? `PARTITION BY ${random.pick(columns)} ` : ""}ORDER BY ${columns[0]}, ${random.pick(columns)}) FROM ${name}`,
      ];
    case 13:
      return [
        `WITH s AS ${random.pick(["", "MATERIALIZED "])}(SELECT ${columns[0]} AS k, length(${random.pick(columns)}) AS n FROM ${name}${where}) SELECT n, count(*) FROM s GROUP BY n ORDER BY n`,
      ];
    case 14:
      return [
        `SELECT * FROM ${name} WHERE ${random.pick(columns)} ${random.pick(["=", ">", "<="])} ?${random.chance(0.5) ? ` OR ${random.pick(columns)} IN (?2, ?3)` : " AND ?2 = ?3"}`,
        [binding(random), binding(random), binding(random)],
      ];
    default:
      return random.pick<[string, readonly unknown[]]>([
        [`SELECT key, value, type FROM json_each(?)`, [`[1, "${random.below(9)}", {"a": null}]`]],
        [
          `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x * 2 FROM c WHERE x < ${random.below(300)}) SELECT sum(x), ? FROM c`,
          [binding(random)],
        ],
        [`SELECT name, type, "notnull", pk FROM pragma_table_info(?)`, [name]],
        [`SELECT type, name, tbl_name FROM sqlite_master WHERE name LIKE ? ORDER BY name`, ["%0%"]],
        [`SELECT EXISTS(SELECT 1 FROM ${name} WHERE ${condition(random, columns)}), ?`, [binding(random)]],
        [`VALUES (?, 2), (3, 4)`, [binding(random)]],
        [`SELECT x, n FROM ${schema.views[0] ?? `(SELECT 1 AS x, 2 AS n)`} ORDER BY x LIMIT ?`, [random.below(6)]],
      ]);
  }
}

function write(random: Random, table: Table, schema: Schema, say: Say): void {
  const { name, columns, writable } = table;
  const where = random.chance(0.8) ? ` WHERE ${condition(random, columns)}` : "";
  const returning = random.chance(0.2) ? ` RETURNING ${random.pick(columns)}` : "";
  const limit =
    random.chance(0.1) && table.kind === "rowid" && !returning
      ? ` ORDER BY ${random.pick(columns)} LIMIT ${random.below(4)}`
      : "";
  switch (random.below(7)) {
    case 0:
    case 1:
      insert(random, table, say);
      break;
    case 2:
    case 3: {
      const set = random
        .some(writable, 1, 2)
        .map((column) => `${column} = ${random.pick([literal(random), `${column} + 1`, `${column} || 'x'`])}`);
      say(
        `UPDATE ${random.pick(["", "", "OR IGNORE ", "OR REPLACE "])}${name} SET ${set.join(", ")}${where}${limit}${returning}`,
      );
      break;
    }
    case 4:
    case 5:
      say(`DELETE FROM ${name}${where}${limit}${returning}`);
      break;
    default: {
      const other = random.pick(schema.tables);
      const source = writable.map(() => random.pick([...other.columns, literal(random)]));
      say(
        `INSERT OR ${random.pick(["IGNORE", "REPLACE"])} INTO ${name}(${writable.join(", ")}) SELECT ${source.join(", ")} FROM ${other.name} LIMIT 30`,
      );
    }
  }
}

function change(random: Random, schema: Schema): string {
  const table = random.pick(schema.tables);
  const column = random.pick(table.columns);
  return random.pick([
    `ALTER TABLE ${table.name} ADD COLUMN z${random.below(3)} ${random.pick(["", "DEFAULT 5", "TEXT"])}`,
    `CREATE INDEX IF NOT EXISTS extra${random.below(3)} ON ${table.name}(${column})`,
    `DROP INDEX IF EXISTS ${table.name}_i1`,
    `CREATE TABLE copy${random.below(3)} AS SELECT * FROM ${table.name}`,
    `REINDEX`,
    `ANALYZE`,
    `PRAGMA foreign_key_check`,
    `PRAGMA table_info(${table.name})`,
    `PRAGMA index_list(${table.name})`,
    `DROP VIEW IF EXISTS w_${table.name}`,
    `ALTER TABLE ${table.name} RENAME COLUMN ${column} TO renamed`,
    `PRAGMA quick_check`,
    `EXPLAIN QUERY PLAN SELECT * FROM ${table.name} WHERE ${column} = 1`,
  ]);
}

function wrong(random: Random, schema: Schema): string {
  const { name, columns } = random.pick(schema.tables);
  return random.pick([
    `SELECT nope FROM ${name}`,
    `SELECT * FROM nope WHERE 1`,
    `SELEC ${columns[0]} FROM ${name}`,
    `INSERT INTO ${name}(${columns[0]}, nope) VALUES (1, 2)`,
    `SELECT ${columns[0]} FROM ${name} WHERE`,
    `CREATE TABLE ${name}(x)`,
    `SELECT nosuch(${columns[0]}) FROM ${name}`,
    `SELECT count(*), ${columns[0]} FROM ${name} WHERE count(*) > 1`,
    `INSERT INTO ${name} VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9)`,
    `SELECT * FROM _cf_KV`,
    `PRAGMA journal_mode`,
    `BEGIN`,
    `SELECT 1; SELECT ${columns[0]} FROM ${name}; SELECT`,
    `SELECT sqlite_version()`,
    `ALTER TABLE ${name} DROP COLUMN ${columns[0]}`,
    `CREATE TEMP TABLE tt(x)`,
    `SELECT json('{') FROM ${name}`,
    `SELECT 'unfinished FROM ${name}`,
  ]);
}
