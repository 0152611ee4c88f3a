// A Node 24 for the tests that need one, out of the npm registry: pinned, checked, kept in node_modules/.cache. It is no dependency, because its
// package would put its `node` before everybody's on the PATH of npm scripts.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const OLDEST = 24;
const VERSION = "24.21.0";
/** sha-256 of bin/node, by platform. */
const BINARIES = { "linux-x64": "7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c" };

/** The path of a Node 24 or newer: the one that runs this, if it is. @throws Error if there is none for this platform */
export function newerNode() {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const sha256 = BINARIES[platform];
  if (!sha256) throw new Error(`No Node ${OLDEST} is known for ${platform}: run this on Node ${OLDEST} or newer.`);
  const cache = join("node_modules", ".cache", "holdfast");
  const binary = join(cache, `node-${VERSION}`);
  if (!existsSync(binary)) download(`node-${platform}@${VERSION}`, cache, binary);
  const actual = createHash("sha256").update(readFileSync(binary)).digest("hex");
  if (actual !== sha256) throw new Error(`${binary} has sha-256 ${actual}, not ${sha256}`);
  return binary;
}

function download(name, cache, binary) {
  mkdirSync(cache, { recursive: true });
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", name, "--json", "--silent", "--pack-destination", cache], { encoding: "utf8" }),
  );
  execFileSync("tar", ["-xzf", join(cache, filename), "-C", cache, "package/bin/node"]);
  renameSync(join(cache, "package", "bin", "node"), binary);
  rmSync(join(cache, "package"), { recursive: true });
  rmSync(join(cache, filename));
}
