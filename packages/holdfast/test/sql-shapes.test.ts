/** What `ctx.storage.sql` looks like from outside (`spec/sql` §2). */
import { type OpenedStorage, openStorage } from "holdfast";
import { afterAll, beforeAll, expect, test } from "vitest";

let opened: OpenedStorage;
beforeAll(async () => {
  opened = await openStorage({ id: "shapes" });
  opened.storage.sql.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)");
});
afterAll(() => opened.close());

const exec = () => opened.storage.sql.exec("SELECT a, 1 AS a, a AS b FROM t");
const prototype = (object: object): object => Object.getPrototypeOf(object);

/** Name → value or getter, and which of enumerable, configurable, writable it is. */
function shape(object: object): Record<string, string> {
  return Object.fromEntries(
    Reflect.ownKeys(object)
      .filter((name) => name !== "constructor")
      .map((name) => {
        const { get, set, enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(object, name) ?? {};
        const flags = `${enumerable ? "E" : ""}${configurable ? "C" : ""}${writable ? "W" : ""}`;
        return [String(name), `${get ? `get${set ? " set" : ""} ` : ""}${flags}`];
      }),
  );
}

test("members", () => {
  const { sql } = opened.storage;
  expect(shape(prototype(sql))).toEqual({
    exec: "ECW",
    Cursor: "ECW",
    Statement: "ECW",
    databaseSize: "get EC",
    "Symbol(Symbol.toStringTag)": "C",
  });
  const getters = { columnNames: "get EC", rowsRead: "get EC", rowsWritten: "get EC" };
  const methods = { next: "ECW", toArray: "ECW", one: "ECW", raw: "ECW" };
  expect(shape(prototype(exec()))).toEqual({
    ...methods,
    ...getters,
    "Symbol(Symbol.iterator)": "CW",
    "Symbol(Symbol.toStringTag)": "C",
  });
  for (const object of [sql, exec(), exec().raw()]) expect(Reflect.ownKeys(object)).toEqual([]);
  expect([sql.exec.length, sql.exec.name, exec().next.length, exec().raw.length]).toEqual([0, "exec", 0, 0]);
  expect(JSON.stringify(exec())).toBe("{}");
});

test("names", () => {
  const named = (object: object) => [object.constructor.name, Object.prototype.toString.call(object)];
  expect(named(opened.storage.sql)).toEqual(["SqlStorage", "[object SqlStorage]"]);
  expect(named(exec())).toEqual(["Cursor", "[object Cursor]"]);
  expect(named(exec()[Symbol.iterator]())).toEqual(["RowIterator", "[object RowIterator]"]);
  expect(named(exec().raw())).toEqual(["RawIterator", "[object RawIterator]"]);
});

test("nobody makes them, and nobody borrows their members", () => {
  const { sql } = opened.storage;
  expect(exec() instanceof sql.Cursor).toBe(true);
  for (const Class of [sql.Cursor, sql.Statement, exec().raw().constructor] as (new () => unknown)[]) {
    expect(() => new Class()).toThrow(new TypeError("Illegal constructor"));
  }
  const illegal = expect.objectContaining({
    name: "TypeError",
    message: expect.stringMatching(/^Illegal invocation: function called with/),
  });
  const size = Object.getOwnPropertyDescriptor(prototype(sql), "databaseSize")?.get;
  const names = Object.getOwnPropertyDescriptor(prototype(exec()), "columnNames")?.get;
  for (const call of [
    () => sql.exec.call({} as never, "SELECT 1"),
    () => exec().next.call({} as never),
    () =>
      exec()
        .raw()
        .next.call({} as never),
  ]) {
    expect(call).toThrow(illegal);
  }
  expect(() => size?.call({})).toThrow(illegal);
  expect(() => names?.call(undefined)).toThrow(illegal);
});

test("the iterator protocol: shared position, helpers, no return", () => {
  const cursor = exec();
  for (const row of cursor) {
    expect(row).toEqual({ a: 1, b: 1 });
    break; // closes nothing
  }
  const raw = cursor.raw();
  expect("return" in raw || "map" in cursor).toBe(false);
  expect(Object.getPrototypeOf(prototype(raw))).toBe(Object.getPrototypeOf(prototype([][Symbol.iterator]())));
  expect(raw.next()).toEqual({ done: false, value: [2, 1, 2] });
  expect(cursor.next()).toEqual({ done: false, value: { a: 1, b: 3 } });
  for (const iterator of [raw, cursor, cursor[Symbol.iterator]()]) {
    const end = iterator.next();
    expect([Object.keys(end), end.value]).toEqual([["done", "value"], undefined]);
  }
  expect(cursor.columnNames).toEqual(["a", "a", "b"]);
  expect(cursor.columnNames).toBe(cursor.columnNames);
});

test("a column named __proto__ is a column", () => {
  const row = opened.storage.sql.exec("SELECT NULL AS __proto__, 1 AS x").one();
  expect([Object.getPrototypeOf(row), Object.keys(row)]).toEqual([Object.prototype, ["__proto__", "x"]]);
});

test("every kind of JavaScript value as a binding", () => {
  const { sql } = opened.storage;
  const told = (value: unknown) => {
    try {
      const [type, text] = [...sql.exec("SELECT typeof(?1), quote(?1)", value).raw()][0] ?? [];
      return `${type} ${text}`;
    } catch (error) {
      return String(error);
    }
  };
  const expected: [unknown, string][] = [
    [null, "null NULL"],
    [undefined, "null NULL"],
    [Number.NaN, "null NULL"],
    [5, "real 5.0"],
    [true, "text 'true'"],
    ["a'b", "text 'a''b'"],
    [new Uint16Array([1]).buffer, "blob X'0100'"],
    [new DataView(new ArrayBuffer(1)), "blob X'00'"],
    [[1, 2], "text '1,2'"],
    [{}, "text '[object Object]'"],
    [5n, "TypeError: Cannot convert a BigInt value to a number"],
    [Symbol("x"), "TypeError: Cannot convert a Symbol value to a string"],
    [Object.create(null), "TypeError: Cannot convert object to primitive value"],
  ];
  for (const [value, outcome] of expected) expect(told(value)).toBe(outcome);
});
