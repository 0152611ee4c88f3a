/** `vitest.workspace.ts` is read by nobody but `vitest.config.ts`. Should that link break, every test would run in one unnamed project. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import projects from "../vitest.workspace.js";

test("vitest runs one project for each package, the repository's, and one for newer Node", () => {
  const expected = [...readdirSync("packages"), "repo", "node24"].sort();
  expect(projects.map((project) => project.test?.name).sort()).toEqual(expected);
  const listed: { projectName?: string }[] = JSON.parse(
    execFileSync("npx", ["vitest", "list", "--filesOnly", "--json"], {
      encoding: "utf8",
      env: { ...process.env, NODE_ENV: "test" },
    }),
  );
  expect([...new Set(listed.map((file) => file.projectName))].sort()).toEqual(expected);
});
