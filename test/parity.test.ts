/** `docs/parity.md` and the marks in the sources say the same. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readPackages } from "../scripts/imports.mjs";

const REASONS = ["upstream bug", "flag", "decision", "platform"];

test("every difference that is listed is marked at its line, and the other way round", () => {
  const rows = [...readFileSync("docs/parity.md", "utf8").matchAll(/^\| `([^`]+)` \| .+ \| ([a-z ]+?)(?: `.*)? \|$/gm)];
  const marks = readPackages().flatMap(({ files }) =>
    files.flatMap(({ text }) =>
      [...text.matchAll(/parity: ([\w/-]+(?:, [\w/-]+)*)/g)].flatMap((match) => (match[1] as string).split(", ")),
    ),
  );
  expect(rows.length).toBeGreaterThan(10);
  for (const [, id, reason] of rows) expect(REASONS, `${id}: ${reason}`).toContain(reason);
  expect([...new Set(marks)].sort()).toEqual(rows.map((row) => row[1]).sort());
});
