// Packs every public package and checks what would be published: publint and arethetypeswrong on the tarball.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const target = mkdtempSync(join(tmpdir(), "holdfast-pack-"));
let problems = 0;

for (const folder of readdirSync("packages")) {
  const directory = join("packages", folder);
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  if (manifest.private) continue;
  const packed = JSON.parse(run("npm", "pack", "--json", "--pack-destination", target, "--workspace", manifest.name));
  const [{ filename, size, entryCount }] = Array.isArray(packed) ? packed : Object.values(packed);
  const tarball = join(target, filename);
  const { messages } = await publint({ strict: true, pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer } });
  for (const message of messages) {
    problems += 1;
    console.error(`${manifest.name}: ${formatMessage(message, manifest)}`);
  }
  const assets = Object.keys(manifest.exports).filter((entry) => entry.endsWith(".wasm")); // no modules, so without types
  const excluded = assets.flatMap((entry) => ["--exclude-entrypoints", entry.slice(2)]);
  const types = spawnSync(
    join("node_modules", ".bin", "attw"),
    [tarball, "--profile", "esm-only", "--format", "ascii", ...excluded],
    { encoding: "utf8" },
  );
  if (types.status !== 0) {
    problems += 1;
    console.error(types.stdout, types.stderr);
  }
  console.log(`${manifest.name}: ${entryCount} files, ${(size / 1024).toFixed(1)} kB packed`);
}
rmSync(target, { recursive: true });
process.exitCode = problems === 0 ? 0 : 1;

function run(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stderr}`);
  return stdout;
}
