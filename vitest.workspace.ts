/** The test projects: one for each package, and `repo` for what holds for the repository as a whole. `vitest.config.ts` reads this list. */
import { readdirSync } from "node:fs";
import type { TestProjectInlineConfiguration } from "vitest/config";

const packages = readdirSync(new URL("./packages", import.meta.url));

const projects: TestProjectInlineConfiguration[] = [
  ...packages.map((name) => project(name, `packages/${name}/test/**/*.test.ts`)),
  project("repo", "test/**/*.test.ts"),
];

function project(name: string, include: string): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [include] } };
}

export default projects;
