/** plain-program.ts
 * Queries and writes as people write them, over two tables of 7, 60 or 400 rows with random indexes: for measuring how well engines without
 * counters estimate the rows that statements read and write (`spec/sql` §9.3, set B: filters, joins, subqueries, grouping, writes). */
import { Random } from "./random.js";
import type { SqlStep } from "./random-sql.js";

const NUMERIC = ["a", "b", "d"];
const COLUMNS = ["a", "b", "c", "d"];
const TABLES = ["t", "u"];

/** A program of its own for each seed; its last step is what to measure. */
export function plainProgram(seed: number): SqlStep[] {
  const random = new Random(seed);
  const last = random.chance(0.7) ? query(random) : write(random);
  return [...TABLES.flatMap((table) => schema(random, table)), last].map((sql) => ({ sql, bindings: [], sync: false }));
}

function schema(random: Random, table: string): string[] {
  const indexes = random.times(0, 2, () => random.some(COLUMNS.slice(1), 1, 2).join(", "));
  return [
    `CREATE TABLE ${table}(a INTEGER PRIMARY KEY, b INTEGER, c TEXT, d INTEGER)`,
    ...indexes.map((columns, i) => `CREATE INDEX ${table}_i${i} ON ${table}(${columns})`),
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${random.pick([7, 60, 400])})
     INSERT INTO ${table} SELECT i, i % ${random.pick([3, 10, 50])}, 'v' || (i % ${random.pick([5, 20, 1000])}), i * 7 % 31 FROM n`,
  ];
}

function filter(random: Random, prefix = "", depth = 0): string {
  const column = prefix + random.pick(NUMERIC);
  const value = random.below(40);
  switch (random.below(depth > 1 ? 6 : 8)) {
    case 0:
    case 1:
      return `${column} = ${value}`;
    case 2:
      return `${column} ${random.pick(["<", ">", "<=", ">=", "<>"])} ${value}`;
    case 3:
      return `${column} BETWEEN ${value} AND ${value + random.below(20)}`;
    case 4:
      return `${column} IN (${random.times(1, 4, () => String(random.below(40))).join(", ")})`;
    case 5:
      return random.pick([`${prefix}c = 'v${random.below(20)}'`, `${prefix}c LIKE 'v1%'`, `${prefix}c >= 'v3'`]);
    default:
      return `(${filter(random, prefix, depth + 1)} ${random.pick(["AND", "AND", "OR"])} ${filter(random, prefix, depth + 1)})`;
  }
}

function query(random: Random): string {
  const [one, other] = [random.pick(TABLES), random.pick(TABLES)];
  const where = random.chance(0.7) ? ` WHERE ${filter(random)}` : "";
  const limit = random.chance(0.25) ? ` LIMIT ${1 + random.below(10)}` : "";
  const order = random.chance(0.4) ? ` ORDER BY ${random.some(COLUMNS, 1, 2).join(", ")}${random.pick(["", " DESC"])}` : "";
  const matching = `y.${random.pick(NUMERIC)} = x.${random.pick(NUMERIC)}`;
  switch (random.below(9)) {
    case 0:
    case 1:
      return `SELECT ${random.pick(["*", "a, b", "c"])} FROM ${one}${where}${order}${limit}`;
    case 2:
      return `SELECT ${random.pick(["count(*)", "sum(b)", "min(b)", "max(d)", "count(DISTINCT b)", "max(a)"])} FROM ${one}${where}`;
    case 3:
      return `SELECT b, count(*), sum(d) FROM ${one}${where} GROUP BY b${random.pick(["", " HAVING count(*) > 2", " ORDER BY 2"])}`;
    case 4:
      return `SELECT DISTINCT ${random.pick(["b", "c", "b, d"])} FROM ${one}${where}${limit}`;
    case 5:
    case 6:
      return `SELECT x.a, y.c FROM ${one} x ${random.pick(["JOIN", "JOIN", "LEFT JOIN"])} ${other} y ON ${matching}${random.chance(0.5) ? ` WHERE ${filter(random, "x.")}` : ""}${limit}`;
    case 7:
      return `SELECT a FROM ${one} x WHERE ${random.pick(["EXISTS", "NOT EXISTS"])} (SELECT 1 FROM ${other} y WHERE ${matching} AND y.b > ${random.below(5)})${limit}`;
    default:
      return random.pick([
        `SELECT a FROM ${one} WHERE ${random.pick(NUMERIC)} IN (SELECT ${random.pick(NUMERIC)} FROM ${other} WHERE ${filter(random)})`,
        `SELECT a, (SELECT count(*) FROM ${other} y WHERE ${matching}) FROM ${one} x${limit}`,
      ]);
  }
}

function write(random: Random): string {
  const table = random.pick(TABLES);
  const where = random.chance(0.9) ? ` WHERE ${filter(random)}` : "";
  switch (random.below(5)) {
    case 0:
      return `INSERT INTO ${table}(b, c, d) VALUES ${random.times(1, 3, () => `(${random.below(9)}, 'new', ${random.below(9)})`).join(", ")}`;
    case 1:
      return `INSERT INTO ${table}(b, c, d) SELECT b, c, d FROM ${random.pick(TABLES)}${where}`;
    case 2:
    case 3:
      return `UPDATE ${table} SET ${random.pick(["b = b + 1", "c = c || 'x'", "d = 5, b = 3"])}${where}`;
    default:
      return `DELETE FROM ${table}${where}`;
  }
}
