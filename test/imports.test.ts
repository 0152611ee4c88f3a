import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { draw, FILE } from "../scripts/import-graph.mjs";
import { ALLOWED, globalsOf, problemsOf, readPackages } from "../scripts/imports.mjs";

const packages = readPackages();

describe("imports point inward, and only what must be is taken from the platform", () => {
  test.each(packages.map((one) => [one.name, one] as const))("%s", (_name, one) => {
    expect(problemsOf(one)).toEqual([]);
  });

  test("every package has its rule", () => {
    expect(packages.map(({ name }) => name).sort()).toEqual(Object.keys(ALLOWED).sort());
  });

  test("core has no dependencies", () => {
    const core = packages.find(({ name }) => name === "@holdfast/core");
    expect(Object.keys({ ...core?.manifest.dependencies, ...core?.manifest.peerDependencies })).toEqual([]);
  });

  test("the picture shows what is", async () => {
    expect(readFileSync(FILE, "utf8") === (await draw()), "run `npm run graph` and commit docs/import-graph.svg").toBe(true);
  });
});

describe("the check itself notices", () => {
  const broken = (name: string, path: string, text: string) =>
    problemsOf({
      name,
      manifest: { dependencies: { "@holdfast/core": "0.x", "@holdfast/store-fs": "0.x", "@holdfast/timeline": "0.x" } },
      files: [{ path, text }],
    });

  test.each([
    ["@holdfast/core", "gate/x.ts", 'import { a } from "../sql/cursor.js";', "lies further out"],
    ["@holdfast/core", "gate/x.ts", 'import type { a } from "@holdfast/timeline";', "may not"],
    ["@holdfast/core", "gate/x.ts", 'export * from "node:fs";', "browser"],
    ["@holdfast/core", "gate/x.ts", 'const x = import("left-pad");', "does not list"],
    ["@holdfast/timeline", "x.ts", "const t = Date.now();", "passed in"],
    ["@holdfast/timeline", "x.ts", "const t = globalThis.Math.random();", "passed in"],
    ["@holdfast/vfs", "x.ts", "setTimeout(() => {}, 1);", "passed in"],
    ["@holdfast/vfs", "x.ts", "const t = new Date();", "passed in"],
    ["@holdfast/host", "x.ts", "process.exit();", "browser"],
    ["@holdfast/host", "x.ts", 'import { folderStore } from "@holdfast/store-fs";', "may not"],
    ["@holdfast/store-fs", "x.ts", 'import { x } from "@holdfast/core";', "may not"],
  ])("%s %s: %s", (name, path, text, expected) => {
    expect(broken(name, path, text)).toEqual([expect.stringContaining(expected)]);
  });

  test("names that only look like globals are left alone", () => {
    expect(globalsOf("const x = { process: 1 }; x.setTimeout; interface Y { crypto: 1 }")).not.toContain("process");
    expect(globalsOf("x.setTimeout")).not.toContain("setTimeout");
  });
});
