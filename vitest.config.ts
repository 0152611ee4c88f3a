import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { MUTANTS } from "./scripts/mutants-list.mjs";
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

/** Breaks the sources as `scripts/mutants.mjs` asks by the variable MUTANT: the number of a mutant. */
function mutant() {
  const chosen = MUTANTS[Number(process.env["MUTANT"] ?? -1)];
  const path = chosen && fileURLToPath(new URL(chosen.file, import.meta.url));
  return {
    name: "mutant",
    enforce: "pre" as const,
    transform(code: string, id: string): string | undefined {
      if (!chosen || id !== path) return undefined;
      if (code.split(chosen.from).length !== 2) throw new Error(`${chosen.file} does not hold exactly once: ${chosen.from}`);
      return code.replace(chosen.from, () => chosen.to);
    },
  };
}

export default defineConfig({
  plugins: [mutant()],
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
