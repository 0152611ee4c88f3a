// The crash test of the folder store over more workloads than CI has time for: the disk as it may be after a power loss at any operation.
import { spawnSync } from "node:child_process";

/** @returns {Promise<{ totals: string, lost: string[] }>} */
export async function crash({ seed, count }) {
  const env = { ...process.env, SEED: String(seed), WORKLOADS: String(count) };
  const args = ["node_modules/vitest/vitest.mjs", "run", "packages/store-fs/test/crash.test.ts"];
  const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: "utf8", maxBuffer: 1 << 26 });
  const totals = /\d+ workloads from seed .*/.exec(stdout)?.[0];
  return { totals: totals ?? "failed", lost: status === 0 ? [] : [stdout] };
}
