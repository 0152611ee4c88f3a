import { expect, test } from "vitest";
import { bindingsOf, parametersOf } from "../src/index.js";

test("parameters are numbered as SQLite numbers them", () => {
  const parameters = parametersOf("SELECT ?, ?3, :a, ?, :a, '?', \"?\" -- ?");
  expect(parameters.count).toBe(5);
  expect([...parameters.names]).toEqual([
    [1, undefined],
    [3, "?3"],
    [4, ":a"],
    [5, undefined],
  ]);
  expect(bindingsOf(parameters, ["one", "two", "three", "four", "five"])).toEqual([
    { "?3": "three", ":a": "four" },
    "one",
    "five",
  ]);
  expect(parametersOf("SELECT 1").count).toBe(0);
});
