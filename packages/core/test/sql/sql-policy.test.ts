import { expect, test } from "vitest";
import { isReservedName, SqlPolicy } from "../../src/sql/sql-policy.js";
import { Action } from "../../src/sql/sqlite-codes.js";

test("reserved names are those that begin with _cf_ in any case", () => {
  expect(["_cf_KV", "_CF_x", "_cf_"].map(isReservedName)).toEqual([true, true, true]);
  expect(["_cf", "_cfx", "x_cf_", "", null].map(isReservedName)).toEqual([false, false, false, false, false]);
});

test("an action SQLite may come to know later is refused", () => {
  expect(new SqlPolicy().authorize(99, "a", "b", "main", null)).toBe("deny");
});

test("transaction statements are remembered as such", () => {
  const policy = new SqlPolicy();
  policy.startStatement("SAVEPOINT x");
  expect(policy.authorize(Action.SAVEPOINT, "BEGIN", "x", null, null)).toBe("deny");
  expect(policy.takeDeniedTransaction()).toBe(true);
  expect(policy.takeDeniedTransaction()).toBe(false);
  policy.authorize(Action.TRANSACTION, "BEGIN", null, null, null);
  policy.startStatement("SELECT 1");
  expect(policy.takeDeniedTransaction()).toBe(false);
});
