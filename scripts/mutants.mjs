// npm run mutants: breaks one rule of durability at a time and runs the test that must notice. Writes docs/mutants.md; fails if a mutant lives.
// The sources are not touched: vitest.config.ts applies the mutant named by the variable MUTANT while it loads them.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { MUTANTS } from "./mutants-list.mjs";
import { newerNode } from "./newer-node.mjs";

const PAGE = "docs/mutants.md";

/** The test's outcome with a mutant in place. */
function survives({ file, test, env, newerNode: isNewer }, index) {
  const args = ["node_modules/vitest/vitest.mjs", "run", test.file, "-t", test.name];
  const { status, stdout } = spawnSync(isNewer ? newerNode() : process.execPath, args, {
    env: { ...process.env, ...env, MUTANT: String(index) },
    encoding: "utf8",
    timeout: 300_000,
  });
  if (!/Tests .*\d+ (passed|failed)/.test(stdout)) throw new Error(`${file}: the test did not run\n${stdout}`);
  return status === 0;
}

function page() {
  const rows = MUTANTS.map(({ rule, what, test }) => `| ${rule} | ${what} | \`${test.file}\`: ${test.name} |`);
  return `# Mutants

<!-- Made by scripts/mutants.mjs: npm run mutants -->

Each breaks one rule of durability in the sources, and the test beside it must fail. CI runs them all.

| rule | what is broken | caught by |
| --- | --- | --- |
${rows.join("\n")}
`;
}

const alive = [];
for (const [index, mutant] of MUTANTS.entries()) {
  const lives = survives(mutant, index);
  console.log(`${lives ? "ALIVE " : "caught"}  ${mutant.rule.padEnd(8)} ${mutant.what}`);
  if (lives) alive.push(mutant);
}
if (process.argv[2] === "--check") {
  if (readFileSync(PAGE, "utf8") !== page()) throw new Error(`${PAGE} is not up to date: npm run mutants`);
} else writeFileSync(PAGE, page());
console.log(`${MUTANTS.length} mutants, ${alive.length} alive`);
process.exitCode = alive.length === 0 ? 0 : 1;
