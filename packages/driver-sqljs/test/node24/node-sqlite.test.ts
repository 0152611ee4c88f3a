/** `DatabaseSync` here and in Node: the same members, and the same results, errors and codes over random programs.
 * `SEED=7 PROGRAMS=2000 npx vitest run --project node24 node-sqlite` on Node 24 runs others. */
import * as nodeSqlite from "node:sqlite";
import { DatabaseSync, StatementSync } from "@holdfast/driver-sqljs";
import { describe, expect, test } from "vitest";

type AnyDatabase = Record<string, (...args: unknown[]) => unknown> & { limits: Record<string, number>; isTransaction: boolean };
type AnyStatement = Record<string, (...args: unknown[]) => unknown> & { sourceSQL: string; expandedSQL: string };
type Class = new (...args: unknown[]) => AnyDatabase;

const FIRST = Number(process.env["SEED"] ?? 1);
const PROGRAMS = Number(process.env["PROGRAMS"] ?? 400);

describe("members", () => {
  const members = (prototype: object) =>
    Reflect.ownKeys(prototype)
      .map((name) => {
        const { value, enumerable } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
        return `${String(name)} ${typeof value} ${name === "constructor" || typeof name === "symbol" ? "" : `${enumerable} ${value?.length}`}`;
      })
      .sort();

  test("of DatabaseSync", () => {
    expect(members(DatabaseSync.prototype)).toEqual(members(nodeSqlite.DatabaseSync.prototype));
    expect(Object.keys(new DatabaseSync(":memory:"))).toEqual(Object.keys(new nodeSqlite.DatabaseSync(":memory:")));
  });

  test("of StatementSync", () => {
    expect(members(StatementSync.prototype)).toEqual(members(nodeSqlite.StatementSync.prototype));
    const ours = new DatabaseSync(":memory:").prepare("SELECT 1");
    expect(Object.keys(ours)).toEqual(Object.keys(new nodeSqlite.DatabaseSync(":memory:").prepare("SELECT 1")));
  });

  test("that are not supported throw by their name", () => {
    const database = new DatabaseSync(":memory:");
    for (const name of ["createSession", "applyChangeset", "createTagStore", "serialize", "deserialize"] as const) {
      expect(() => database[name]()).toThrow(
        expect.objectContaining({ code: "HOLDFAST_UNSUPPORTED", message: expect.stringContaining(name) }),
      );
    }
    expect(() => new DatabaseSync(":memory:", { readOnly: true })).toThrow(/options.readOnly of node:sqlite is not supported/);
  });
});

test("bad arguments, one by one", () => {
  const wrong = [undefined, null, 1, true, 5n, "x", Symbol("s"), {}, [], () => {}, new Date(0)];
  const calls: Record<string, (database: AnyDatabase, Constructor: Class, value: unknown) => unknown> = {};
  for (const name of [
    "exec",
    "prepare",
    "location",
    "enableDefensive",
    "enableLoadExtension",
    "setAuthorizer",
    "function",
    "aggregate",
  ]) {
    calls[name] = (database, _Constructor, value) => database[name]?.(value);
  }
  for (const option of ["open", "enableForeignKeyConstraints", "timeout", "readBigInts", "returnArrays", "defensive", "limits"]) {
    calls[`option ${option}`] = (_database, Constructor, value) => void new Constructor(":memory:", { [option]: value });
  }
  for (const option of ["returnArrays", "readBigInts", "allowBareNamedParameters", "allowUnknownNamedParameters"]) {
    calls[`prepare ${option}`] = (database, _Constructor, value) => void database["prepare"]?.("SELECT 1", { [option]: value });
  }
  for (const limit of ["length", "column"]) {
    calls[`limit ${limit}`] = (database, _Constructor, value) => {
      database.limits[limit] = value as number;
    };
    calls[`option limits.${limit}`] = (_database, Constructor, value) =>
      void new Constructor(":memory:", { limits: { [limit]: value } });
  }
  calls["options"] = (_database, Constructor, value) => void new Constructor(":memory:", value);
  calls["function options"] = (database, _Constructor, value) => database["function"]?.("f", value, () => 1);
  const prepare = (database: AnyDatabase, sql: string) => database["prepare"]?.(sql) as AnyStatement;
  calls["bind"] = (database, _Constructor, value) => prepare(database, "SELECT ?, typeof(?1)")["get"]?.(value);
  for (const setter of ["setReadBigInts", "setReturnArrays", "setAllowBareNamedParameters", "setAllowUnknownNamedParameters"]) {
    calls[setter] = (database, _Constructor, value) => prepare(database, "SELECT 1")[setter]?.(value);
  }
  for (const [name, call] of Object.entries(calls)) {
    for (const value of wrong) {
      const run = (Constructor: unknown) => {
        const database = new (Constructor as Class)(":memory:");
        return outcome(() => call(database, Constructor as Class, value));
      };
      expect([name, String(value), run(DatabaseSync)]).toEqual([name, String(value), run(nodeSqlite.DatabaseSync)]);
    }
  }
});

test("a closed database, and statements of it", () => {
  const run = (Constructor: Class) => {
    const database = new Constructor(":memory:");
    const statement = database["prepare"]?.("SELECT 1") as AnyStatement;
    database["close"]?.();
    const members = [
      "close",
      "exec",
      "prepare",
      "function",
      "aggregate",
      "location",
      "setAuthorizer",
      "loadExtension",
      "enableDefensive",
    ];
    return [
      ...members.map((name) => outcome(() => database[name]?.())),
      outcome(() => database.isTransaction),
      outcome(() => database.limits),
      outcome(() => database["isOpen"]),
      ...["all", "get", "run", "iterate", "columns", "setReadBigInts"].map((name) => outcome(() => statement[name]?.())),
      outcome(() => statement.sourceSQL),
      outcome(() => database["open"]?.()),
      outcome(() => database["open"]?.()),
      outcome(() => statement["all"]?.()),
    ];
  };
  expect(run(DatabaseSync as unknown as Class)).toEqual(run(nodeSqlite.DatabaseSync as unknown as Class));
});

test(`${PROGRAMS} random programs`, () => {
  let calls = 0;
  for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++) {
    const ours = runProgram(DatabaseSync as unknown as Class, seed);
    const theirs = runProgram(nodeSqlite.DatabaseSync as unknown as Class, seed);
    const differs = ours.findIndex((one, i) => JSON.stringify(one) !== JSON.stringify(theirs[i]));
    if (differs >= 0) expect(ours[differs], `SEED=${seed} PROGRAMS=1: call ${differs}`).toEqual(theirs[differs]);
    calls += ours.length;
  }
  console.log(`${PROGRAMS} programs, ${calls} calls from seed ${FIRST}: equal to node:sqlite of Node ${process.versions.node}`);
}, 300_000);

/** Every call of a random program with its outcome. */
function runProgram(Constructor: Class, seed: number): unknown[] {
  const random = mulberry(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const log: unknown[] = [];
  const attempt = (what: string, run: () => unknown) => log.push([what, outcome(run)]);
  const chance = (share: number) => random() < share;

  const value = (): unknown =>
    pick<() => unknown>([
      () => null,
      () => below(20) - 5,
      () => below(1000) / 8,
      () => pick([0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 60), 1e300]),
      () => pick([0n, 5n, -1n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n]),
      () => pick(["", "text", "é😀", "a\0b", "\ud800x", "it's", "12", "x".repeat(100)]),
      () => Uint8Array.from({ length: below(5) }, () => below(256)),
      () => pick([new Uint16Array([1, 513]), new DataView(new ArrayBuffer(3)), new ArrayBuffer(2), new Float64Array(0)]),
      () => pick([true, false]),
      () => (chance(0.2) ? pick([undefined, Symbol("s"), {}, [1], new Date(0), () => 1]) : 1),
    ])();
  const parameters = (): unknown[] => {
    const positional = () => Array.from({ length: below(4) }, value);
    if (!chance(0.35)) return positional();
    const names = ["a", "b", ":a", "$a", "@a", "$b", "?1", "1", "nope", "c"];
    return [
      Object.fromEntries(Array.from({ length: below(4) }, () => [pick(names), value()])),
      ...(chance(0.5) ? positional() : []),
    ];
  };

  const database = new Constructor(":memory:", {
    ...(chance(0.2) && { readBigInts: true }),
    ...(chance(0.2) && { returnArrays: true }),
    ...(chance(0.15) && { allowUnknownNamedParameters: true }),
    ...(chance(0.15) && { allowBareNamedParameters: false }),
    ...(chance(0.15) && { enableDoubleQuotedStringLiterals: true }),
    ...(chance(0.15) && { enableForeignKeyConstraints: false }),
    ...(chance(0.1) && { limits: { column: 20, length: 1000 } }),
  });
  attempt("schema", () =>
    database[
      "exec"
    ]?.(`CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE, c NOT NULL DEFAULT 5, d CHECK (d < 100)); CREATE TABLE u(x, y REFERENCES t(a));
      INSERT INTO t VALUES (1, 'one', 1, 1), (2, 'two', 2.5, NULL), (3, NULL, x'00ff', 9007199254740993)`),
  );
  if (chance(0.5)) {
    attempt("function", () =>
      database["function"]?.("twice", pick([{}, { deterministic: true }, { useBigIntArguments: true }]), (x: unknown) =>
        typeof x === "number" ? x * 2 : x,
      ),
    );
    attempt("function", () => database["function"]?.("pick", { varargs: true }, (...args: unknown[]) => args[args.length - 1]));
    attempt("function", () =>
      database["function"]?.("boom", (x: unknown) => {
        if (x === 2) throw new RangeError("boom");
        return x as string;
      }),
    );
    attempt("function", () => database["function"]?.("odd", () => pick([true, {}, 2n ** 70n, "s", undefined])));
    attempt("aggregate", () =>
      database["aggregate"]?.("join", {
        start: "",
        step: (sum: string, x: unknown) => `${sum}${x};`,
        ...(chance(0.5) && { result: (sum: string) => sum.length }),
      }),
    );
  }
  const sql = (): string =>
    pick([
      "SELECT * FROM t",
      "SELECT ? AS x, typeof(?) AS y, ?1",
      "SELECT :a, $b, ?, @a",
      "SELECT $a, :a",
      "SELECT ?1, ?3 ORDER BY 1",
      'SELECT a, a, b AS "1", c AS __proto__ FROM t WHERE a > ?',
      "SELECT a, d FROM t WHERE a IN (?, ?)",
      "INSERT INTO t(b, c) VALUES (?, ?)",
      "INSERT INTO t(a, b) VALUES (:a, $b) RETURNING a, b",
      "INSERT OR IGNORE INTO t(b) VALUES (?), ('x')",
      "INSERT INTO u VALUES (?, ?)",
      "UPDATE t SET c = ? WHERE a = ?",
      "UPDATE t SET d = d + 1 RETURNING *",
      "DELETE FROM t WHERE a = ?",
      "BEGIN",
      "COMMIT",
      "ROLLBACK",
      "SELECT 9007199254740993 AS big, -9223372036854775808 AS least",
      "SELECT 1 AS a; SELECT 2",
      "  SELECT 1 -- comment",
      pick(["", " -- nothing", ";", "SELEC 1", "SELECT nope", "SELECT * FROM nope", "SELECT 'open", "SELECT (1"]),
      'SELECT "string" AS q',
      "SELECT abs(-9223372036854775808)",
      "SELECT a, abs(CASE a WHEN 2 THEN -9223372036854775808 ELSE a END) AS e FROM t",
      "SELECT twice(a), pick(1, b, c) FROM t",
      "SELECT boom(a) FROM t",
      "SELECT odd()",
      "SELECT join(b) FROM t",
      "SELECT json_extract(?, '$.a'), quote(?)",
      "CREATE TABLE IF NOT EXISTS extra(z)",
      "DROP TABLE IF EXISTS extra",
      "PRAGMA table_info(t)",
      "SELECT cast(x'edA080' AS TEXT), cast(x'ff41' AS TEXT)",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i, i * 1.5 FROM n",
    ]);
  const statements: AnyStatement[] = [];
  const iterators: Iterator<unknown>[] = [];
  for (let i = 10 + below(20); i > 0; i--) {
    const statement = pick(statements);
    switch (below(statement ? 14 : 2)) {
      case 0: {
        const text = sql();
        attempt(`exec ${text}`, () => database["exec"]?.(text));
        break;
      }
      case 1:
      case 2: {
        const text = sql();
        attempt(`prepare ${text}`, () => {
          const made = database["prepare"]?.(
            text,
            ...(chance(0.2) ? [pick([{}, { returnArrays: true }, { readBigInts: true }])] : []),
          );
          statements.push(made as AnyStatement);
        });
        break;
      }
      case 3:
      case 4:
      case 5: {
        const name = pick(["all", "get", "run"]);
        const args = parameters();
        attempt(`${name} ${statement?.sourceSQL}`, () => statement?.[name]?.(...args));
        break;
      }
      case 6: {
        const args = parameters();
        attempt(`iterate ${statement?.sourceSQL}`, () => {
          iterators.push(statement?.["iterate"]?.(...args) as Iterator<unknown>);
        });
        break;
      }
      case 7:
      case 8: {
        const iterator = pick(iterators);
        if (iterator) attempt("next", () => iterator.next());
        break;
      }
      case 9: {
        const iterator = pick(iterators);
        if (iterator && chance(0.4)) attempt("return", () => iterator.return?.());
        break;
      }
      case 10: {
        const name = pick(["setReadBigInts", "setReturnArrays", "setAllowBareNamedParameters", "setAllowUnknownNamedParameters"]);
        const enabled = chance(0.5);
        attempt(`${name} ${enabled}`, () => statement?.[name]?.(enabled));
        break;
      }
      case 11:
        attempt("text", () => [statement?.sourceSQL, statement?.expandedSQL]);
        break;
      case 12:
        attempt("columns", () => {
          const columns = statement?.["columns"]?.() as { name: string }[];
          return columns.map(({ name }) => name);
        });
        break;
      default:
        attempt("isTransaction", () => database.isTransaction);
    }
  }
  database["close"]?.();
  return log;
}

function outcome(run: () => unknown): unknown {
  try {
    return { value: canonical(run()) };
  } catch (error) {
    const { name, message, code, errcode, errstr } = error as Error & { code?: string; errcode?: number; errstr?: string };
    return { error: [name, message, code, errcode, errstr] };
  }
}

function canonical(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
    return `number ${Object.is(value, -0) ? "-0" : value}`;
  if (value === undefined) return "undefined";
  if (value instanceof Uint8Array)
    return `bytes ${Buffer.from(value).toString("hex")} ${value.byteOffset} ${value.buffer.byteLength}`;
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return {
    prototype: Object.getPrototypeOf(value) === null ? "null" : "Object",
    entries: Object.entries(value).map(([k, v]) => [k, canonical(v)]),
  };
}

function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
