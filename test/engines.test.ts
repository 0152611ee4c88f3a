import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { text } from "../scripts/engines.mjs";

test("docs/engines.md says what the drivers declare and what was measured: npm run engines", () => {
  expect(readFileSync("docs/engines.md", "utf8")).toBe(text);
});
