// npm test: everything that CI runs. The last line is the count of all of it, alone on the line.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { newerNode } from "./newer-node.mjs";

const temporary = mkdtempSync(join(tmpdir(), "holdfast-check-"));
const report = join(temporary, "vitest.json");

/** Each counts as one, the unit tests apart, which are counted one by one. */
const checks = [
  ["format and lint", "biome", "ci", "."],
  ["build", "turbo", "run", "build", "--output-logs=errors-only"],
  ["types of the tests", "tsc", "-p", "tsconfig.test.json"],
  ["unused code and dependencies", "knip"],
  ["package contents and types", "node", "scripts/check-packages.mjs"],
  ["API documentation", "typedoc"],
  ["mutants of the rules of durability", "node", "scripts/mutants.mjs", "--check"],
];

let passed = 0;
let failed = 0;

function run(name, command, ...args) {
  console.log(`\n── ${name}: ${[command, ...args].join(" ")}`);
  const { status, error } = spawnSync(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (error) console.error(error.message);
  if (status !== 0) console.error(`✗ ${name} failed`);
  return status === 0;
}

for (const [name, ...command] of checks) {
  if (run(name, ...command)) passed += 1;
  else failed += 1;
}

/** Test projects, and the Node that runs them: the newest features need a newer one than the oldest that is supported. */
function test(name, node, ...args) {
  const vitest = [join("node_modules", "vitest", "vitest.mjs"), "run", "--reporter=default", "--reporter=json"];
  const green = run(name, node, ...vitest, `--outputFile.json=${report}`, ...args);
  try {
    const counts = JSON.parse(readFileSync(report, "utf8"));
    rmSync(report);
    tests += counts.numPassedTests;
    skipped += counts.numPendingTests;
    passed += counts.numPassedTests;
    failed += counts.numFailedTests + (green || counts.numFailedTests > 0 ? 0 : 1);
  } catch (error) {
    console.error(`✗ ${name} left no report: ${error.message}`);
    failed += 1;
  }
}

let tests = 0;
let skipped = 0;
const together = [...readdirSync("packages").filter((name) => name !== "bench"), "repo"];
test("tests", process.execPath, ...together.flatMap((name) => ["--project", name]));
test("speed, with nothing beside it", process.execPath, "--project", "bench");
test("tests on Node 24", newerNode(), "--project", "node24");
console.log(`\n${tests} tests, ${skipped} skipped, ${checks.length} other checks`);
rmSync(temporary, { recursive: true });

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
