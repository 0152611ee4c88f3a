// npm test: everything that CI runs. The last line is the count of all of it, alone on the line.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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

const green = run("tests", "vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`);
try {
  const counts = JSON.parse(readFileSync(report, "utf8"));
  passed += counts.numPassedTests;
  failed += counts.numFailedTests + (green || counts.numFailedTests > 0 ? 0 : 1);
  console.log(`\n${counts.numPassedTests} tests, ${counts.numPendingTests} skipped, ${checks.length} other checks`);
} catch (error) {
  console.error(`✗ the tests left no report: ${error.message}`);
  failed += 1;
}
rmSync(temporary, { recursive: true });

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
