/** T17: one process writes; who else wants to is refused, as long as it lives. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderStore } from "../src/index.js";

const HOLDER = fileURLToPath(new URL("support/holder.mjs", import.meta.url));

let dir: string;
let holder: ChildProcess;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-held-"));
});
afterEach(async () => {
  holder.kill("SIGKILL");
  await rm(dir, { recursive: true });
});

async function startHolder(folder: string): Promise<void> {
  holder = spawn(process.execPath, [HOLDER, folder], { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout as NodeJS.ReadableStream, "data");
}

const open = async () => {
  const store = folderStore(dir);
  try {
    await store.open("mine");
  } finally {
    await store.close();
  }
};

test("a second process is refused and told who holds the folder, also when that one is stopped; not when it was killed", async () => {
  await startHolder(dir);
  const start = performance.now();
  const held = { code: "HOLDFAST_HELD", message: expect.stringContaining(`in use by process ${holder.pid}`) };
  await expect(open()).rejects.toMatchObject(held);
  console.log(`refused after ${(performance.now() - start).toFixed(0)} ms`);
  expect(await (await folderStore(dir).read("held")).records).toBeDefined(); // reading is free

  holder.kill("SIGSTOP");
  await expect(open()).rejects.toMatchObject({ code: "HOLDFAST_HELD", message: expect.stringContaining("does not answer") });

  holder.kill("SIGKILL");
  await once(holder, "exit");
  await open();
});

test("a folder whose path is too long for a socket", async () => {
  dir = join(dir, "x".repeat(120));
  await startHolder(dir);
  await expect(open()).rejects.toMatchObject({ code: "HOLDFAST_HELD" });
});
