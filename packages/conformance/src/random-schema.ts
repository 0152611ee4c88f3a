/** Random schemas: tables of every kind, indexes, views, triggers, virtual tables. */
import type { Random } from "./random.js";

export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns that can be written. */
  readonly writable: readonly string[];
  /** What `ON CONFLICT (…)` may name. */
  readonly keys: readonly (readonly string[])[];
  readonly kind: "rowid" | "without-rowid" | "fts5" | "rtree";
}

export interface Schema {
  readonly tables: readonly Table[];
  readonly views: readonly string[];
  /** Statements that make it, in order. */
  readonly statements: readonly string[];
}

const NAMES = ["a", "b", "c", "d", "e", "f"];

export function randomSchema(random: Random): Schema {
  const statements: string[] = [];
  const tables: Table[] = [];
  const views: string[] = [];
  const count = 1 + random.below(3);
  for (let i = 0; i < count; i++) {
    const table = random.chance(0.12)
      ? virtualTable(random, `v${i}`, statements)
      : ordinaryTable(random, `t${i}`, tables, statements);
    tables.push(table);
  }
  const ordinary = tables.filter(({ kind }) => kind === "rowid" || kind === "without-rowid");
  for (const table of ordinary) {
    for (let i = random.below(3); i > 0; i--) statements.push(index(random, table, `${table.name}_i${i}`));
    if (random.chance(0.2)) {
      views.push(`w_${table.name}`);
      const [column] = random.some(table.columns, 1, 1);
      statements.push(
        `CREATE VIEW w_${table.name} AS SELECT ${column} AS x, count(*) AS n FROM ${table.name} GROUP BY ${column}`,
      );
    }
    if (random.chance(0.2)) statements.push(...trigger(random, table));
  }
  return { tables, views, statements };
}

function ordinaryTable(random: Random, name: string, others: readonly Table[], statements: string[]): Table {
  const strict = random.chance(0.1);
  const columns = NAMES.slice(0, 2 + random.below(4));
  const keys: string[][] = [];
  const generated = !strict && columns.length > 2 && random.chance(0.1) ? columns.at(-1) : undefined;
  const withoutRowid = random.chance(0.15);
  const single = random.chance(0.7);
  const definitions = columns.map((column, i) => {
    if (column === generated)
      return `${column} ${random.pick(["", "INTEGER"])} AS (${columns[1]} || 'g') ${random.pick(["VIRTUAL", "STORED"])}`;
    const type = strict
      ? random.pick(["INTEGER", "TEXT", "ANY", "BLOB", "REAL"])
      : random.pick(["INTEGER", "TEXT", "", "REAL", "NUMERIC", "BLOB"]);
    if (i === 0 && single) {
      keys.push([column]);
      if (withoutRowid) return `${column} ${type || (strict ? "ANY" : "")} PRIMARY KEY`;
      return `${column} ${random.pick(["INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT PRIMARY KEY"])}`;
    }
    const extras = [
      random.chance(0.1) ? " UNIQUE" : "",
      random.chance(0.1) ? " NOT NULL DEFAULT 0" : "",
      random.chance(0.06) ? ` CHECK (${column} IS NULL OR length(${column}) < 9)` : "",
      random.chance(0.08) ? " COLLATE NOCASE" : "",
    ];
    if (extras[0]) keys.push([column]);
    return `${column} ${type}${extras.join("")}`;
  });
  if (!single || random.chance(0.1)) {
    const key = columns.filter((column) => column !== generated).slice(0, 2);
    if (!single) definitions.push(`PRIMARY KEY (${key.join(", ")})`);
    else definitions.push(`UNIQUE (${key.join(", ")})`);
    keys.push(key);
  }
  const parent = others.find(({ kind }) => kind === "rowid");
  if (parent && random.chance(0.25)) {
    const action = random.pick(["", " ON DELETE CASCADE", " ON DELETE SET NULL", " DEFERRABLE INITIALLY DEFERRED"]);
    definitions.push(`FOREIGN KEY (${columns[1]}) REFERENCES ${parent.name}(${parent.columns[0]})${action}`);
  }
  const options = [withoutRowid ? "WITHOUT ROWID" : "", strict ? "STRICT" : ""].filter(Boolean).join(", ");
  statements.push(`CREATE TABLE ${name}(${definitions.join(", ")}) ${options}`.trim());
  const writable = columns.filter((column) => column !== generated);
  return { name, columns, writable, keys, kind: withoutRowid ? "without-rowid" : "rowid" };
}

function virtualTable(random: Random, name: string, statements: string[]): Table {
  if (random.chance(0.6)) {
    statements.push(`CREATE VIRTUAL TABLE ${name} USING fts5(a, b${random.chance(0.3) ? ", tokenize = 'porter'" : ""})`);
    return { name, columns: ["a", "b"], writable: ["a", "b"], keys: [], kind: "fts5" };
  }
  statements.push(`CREATE VIRTUAL TABLE ${name} USING ${random.pick(["rtree", "rtree_i32"])}(id, a, b)`);
  return { name, columns: ["id", "a", "b"], writable: ["id", "a", "b"], keys: [], kind: "rtree" };
}

function index(random: Random, table: Table, name: string): string {
  const terms = random.some(table.columns, 1, 2).map((column) => {
    if (random.chance(0.1)) return `length(${column})`;
    return `${column}${random.pick(["", "", " DESC", " COLLATE NOCASE"])}`;
  });
  const where = random.chance(0.2) ? ` WHERE ${random.pick(table.columns)} IS NOT NULL` : "";
  return `CREATE ${random.chance(0.12) ? "UNIQUE " : ""}INDEX ${name} ON ${table.name}(${terms.join(", ")})${where}`;
}

function trigger(random: Random, table: Table): string[] {
  const event = random.pick(["INSERT", "UPDATE", "DELETE"]);
  const row = event === "DELETE" ? "old" : "new";
  const when = random.chance(0.3) ? ` WHEN ${row}.${table.columns[1]} IS NOT NULL` : "";
  return [
    `CREATE TABLE IF NOT EXISTS log(at INTEGER PRIMARY KEY, what, value)`,
    `CREATE TRIGGER ${table.name}_${event.toLowerCase()} ${random.pick(["AFTER", "BEFORE"])} ${event} ON ${table.name}${when}
     BEGIN INSERT INTO log(what, value) VALUES ('${event}', ${row}.${table.columns[1]}); END`,
  ];
}
