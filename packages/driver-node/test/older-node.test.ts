import { expect, test } from "vitest";
import { nodeSqlite } from "../src/index.js";
import { bindingsOf, parametersOf } from "../src/parameters.js";

test.skipIf(Number.parseInt(process.versions.node, 10) >= 24)("an older Node is told what to do", async () => {
  await expect(nodeSqlite({ scratchDir: "never-made" }).open({} as never)).rejects.toMatchObject({
    code: "HOLDFAST_UNSUPPORTED",
    message: expect.stringMatching(/needs Node 24 or newer.*this is Node 2.*Update Node, or leave the driver out/),
  });
});

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
