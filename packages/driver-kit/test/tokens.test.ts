import fc from "fast-check";
import { expect, test } from "vitest";
import { firstStatement, nameOf, tokenize } from "../src/index.js";

const kinds = (sql: string) => tokenize(sql).map(({ kind, text }) => `${kind} ${text}`);

test("tokens by SQLite's rules", () => {
  expect(kinds("select 'a''b', x'00', \"q\"\"r\", [b c], `d`, 1.5e-3, ?2, :n, @v, $t::x(y), a->>'$' -- c\n/* d */;")).toEqual([
    "word select",
    "string 'a''b'",
    "symbol ,",
    "blob x'00'",
    "symbol ,",
    'quoted "q""r"',
    "symbol ,",
    "quoted [b c]",
    "symbol ,",
    "quoted `d`",
    "symbol ,",
    "number 1.5e-3",
    "symbol ,",
    "parameter ?2",
    "symbol ,",
    "parameter :n",
    "symbol ,",
    "parameter @v",
    "symbol ,",
    "parameter $t::x(y)",
    "symbol ,",
    "word a",
    "symbol ->>",
    "string '$'",
    "symbol ;",
  ]);
  expect(tokenize('"a""b" [c] `d``e` \'f\' g 1').map(nameOf)).toEqual(['a"b', "c", "d`e", "f", "g", undefined]);
});

test("a trigger's body belongs to its statement", () => {
  const sql = "CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END; SELECT 3";
  expect(sql.slice(firstStatement(sql).end)).toBe(" SELECT 3");
  expect(firstStatement(";; SELECT 1; x").tokens.map(({ text }) => text)).toEqual(["SELECT", "1"]);
});

test("any text: tokens are in order, do not overlap, and leave out only blanks and comments", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."a1'\"`[]-/*?:;, \n.xé"), maxLength: 40 }), (sql) => {
      let at = 0;
      for (const { start, end, text } of tokenize(sql)) {
        expect(start).toBeGreaterThanOrEqual(at);
        expect(sql.slice(start, end)).toBe(text);
        expect(sql.slice(at, start)).toMatch(/^([\s\ufeff]|--[^\n]*|\/\*[\s\S]*?(\*\/|$))*$/);
        at = end;
      }
    }),
    { numRuns: 2000 },
  );
});
