/** The test projects: one for each package, `repo` for what holds for the repository as a whole, and `node24` for what needs Node 24 or newer.
 * `vitest.config.ts` reads this list. */
import { readdirSync } from "node:fs";
import type { TestProjectInlineConfiguration } from "vitest/config";

const packages = readdirSync(new URL("./packages", import.meta.url));

const projects: TestProjectInlineConfiguration[] = [
  ...packages.map((name) => project(name, `packages/${name}/test/**/*.test.ts`)),
  project("repo", "test/**/*.test.ts"),
  project("node24", "packages/*/test/node24/**/*.test.ts"),
];

function project(name: string, include: string): TestProjectInlineConfiguration {
  const exclude = name === "node24" ? [] : ["packages/*/test/node24/**"];
  return { extends: true, test: { name, include: [include], exclude } };
}

export default projects;
