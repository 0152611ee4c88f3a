import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import projects from "./vitest.workspace.js";

/** Packages are tested from their sources: each entry of `exports` and `imports` is mapped from `dist/x.js` back to `src/x.ts`. */
function sourceAliases(): { find: RegExp; replacement: string }[] {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  return readdirSync(new URL("./packages", import.meta.url)).flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(new URL(`./packages/${folder}/package.json`, import.meta.url), "utf8"));
    return Object.entries<{ default?: string }>({ ...manifest.exports, ...manifest.imports }).flatMap(([entry, target]) => {
      if (!target.default) return [];
      const source = target.default.replace("./dist/", `./packages/${folder}/src/`).replace(/\.js$/, ".ts");
      const specifier = entry.startsWith("#") ? entry : `${manifest.name}${entry.slice(1)}`;
      return [{ find: new RegExp(`^${literal(specifier)}$`), replacement: fileURLToPath(new URL(source, import.meta.url)) }];
    });
  });
}

export default defineConfig({
  resolve: {
    alias: [
      ...sourceAliases(),
      {
        find: "cloudflare:workers",
        replacement: fileURLToPath(new URL("./packages/host/src/cloudflare-workers.ts", import.meta.url)),
      },
    ],
  },
  test: { projects, testTimeout: 30_000 },
});
