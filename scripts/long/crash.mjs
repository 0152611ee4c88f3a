// The crash test of the folder store over more workloads than CI has time for: the disk as it may be after a power loss at any operation.
import { spawnSync } from "node:child_process";

/** Workloads in one process: what a test framework remembers of each grows. */
const TOGETHER = 500;

/** @returns {Promise<{ totals: string, lost: string[] }>} */
export async function crash({ seed, count }) {
  const lost = [];
  let states = 0;
  for (let done = 0; done < count && lost.length === 0; done += TOGETHER) {
    const env = { ...process.env, SEED: String(seed + done), WORKLOADS: String(Math.min(TOGETHER, count - done)) };
    const args = ["node_modules/vitest/vitest.mjs", "run", "packages/store-fs/test/crash.test.ts"];
    const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: "utf8", maxBuffer: 1 << 26 });
    const found = /(\d+) states, 0 lost, 0 partial, 0 wrong/.exec(stdout);
    if (status !== 0 || !found) lost.push(stdout);
    else states += Number(found[1]);
  }
  const totals = `${count} workloads from seed ${seed}: ${states} states, 0 lost, 0 partial, 0 wrong`;
  return { totals: lost.length === 0 ? totals : "failed", lost };
}
