// The crash test of the folder store over more workloads than CI has time for: the disk as it may be after a power loss at any operation.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

/** Workloads in one process: what a test framework remembers of each grows. */
const TOGETHER = 500;

/** @returns {Promise<{ totals: string, lost: string[] }>} */
export async function crash({ seed, count }) {
  const lost = [];
  let states = 0;
  let next = 0;
  const runNext = async () => {
    for (let first = next; first < count && lost.length === 0; first = next) {
      next += TOGETHER;
      const result = await runWorkloads(seed + first, Math.min(TOGETHER, count - first));
      if (typeof result === "number") states += result;
      else lost.push(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runNext));
  const totals = `${count} workloads from seed ${seed}: ${states} states, 0 lost, 0 partial, 0 wrong`;
  return { totals: lost.length === 0 ? totals : "failed", lost };
}

/** How many states were looked at, or what is wrong. */
function runWorkloads(seed, count) {
  const env = { ...process.env, SEED: String(seed), WORKLOADS: String(count) };
  const args = ["node_modules/vitest/vitest.mjs", "run", "packages/store-fs/test/crash.test.ts"];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      const found = /(\d+) states, 0 lost, 0 partial, 0 wrong/.exec(output);
      resolve(status === 0 && found ? Number(found[1]) : `workloads from seed ${seed}:\n${output}`);
    });
  });
}
