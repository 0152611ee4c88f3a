/** Code of a document, put together in a folder of its own and run there against packed packages. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs a document's test file with Node's test runner; how many tests passed. Blocks marked `file=NAME` make up the files.
 * @throws Error if one failed */
export function runDocument(page: URL, packages: readonly string[], testFile: string): number {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-toy-"));
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: folder, encoding: "utf8" });
  const files: Record<string, string> = {};
  for (const [, name, code] of readFileSync(page, "utf8").matchAll(/```\w+ file=(\S+)\n([\s\S]*?)```/g))
    files[name as string] = (files[name as string] ?? "") + code;
  const tarballs = packages.map((name) => {
    const directory = new URL(`../../../${name}`, import.meta.url).pathname;
    const packed = JSON.parse(run("npm", "pack", directory, "--json", "--silent", "--ignore-scripts"));
    return [`@holdfast/${name}`, `file:./${(Array.isArray(packed) ? packed[0] : Object.values(packed)[0]).filename}`] as const;
  });
  const manifest = JSON.parse(files["package.json"] as string);
  const packed = Object.fromEntries(tarballs);
  for (const kind of ["dependencies", "devDependencies"])
    for (const name of Object.keys(manifest[kind])) manifest[kind][name] = packed[name];
  // None of these is in the registry under this version: what depends on another of them gets the packed one too.
  manifest.overrides = Object.fromEntries(
    Object.entries(packed).filter(([name]) => !manifest.dependencies[name] && !manifest.devDependencies[name]),
  );
  files["package.json"] = JSON.stringify(manifest, null, 2);
  for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
  run("npm", "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", "--omit=peer");
  const output = run(process.execPath, "--test", "--test-reporter=tap", testFile);
  rmSync(folder, { recursive: true });
  if (!/^# fail 0$/m.test(output)) throw new Error(output);
  return Number(/^# pass (\d+)$/m.exec(output)?.[1]);
}
