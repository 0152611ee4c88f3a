/** workerd.ts
 * The real thing: starts the pinned workerd with `oracle/worker.mjs` and runs programs in fresh objects of it. */
import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Session } from "./random-session.js";
import type { SqlStep } from "./random-sql.js";

export interface Workerd {
  readonly version: string;
  /** Outcomes of each program's steps, as `oracle/run-program.mjs` writes them. */
  run(programs: readonly (readonly SqlStep[])[]): Promise<unknown[][]>;
  /** What `oracle/count-microtasks.mjs` counts in an object. */
  countMicrotasks(): Promise<Record<string, number>>;
  /** Outcomes of sessions, each on fresh objects, as `oracle/run-session.mjs` writes them. */
  runSessions(sessions: readonly Session[]): Promise<unknown[]>;
  /** Milliseconds that a call into an object takes as seen from here: one of `oracle/speed.mjs`. Inside the real
   * platform clocks stand still. */
  time(method: string, count: number): Promise<number>;
  stop(): Promise<void>;
}

const ORACLE = fileURLToPath(new URL("../oracle/", import.meta.url));

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "worker.mjs", esModule = embed "worker.mjs"),
      (name = "count-microtasks.mjs", esModule = embed "count-microtasks.mjs"),
      (name = "run-program.mjs", esModule = embed "run-program.mjs"),
      (name = "run-session.mjs", esModule = embed "run-session.mjs"),
      (name = "speed.mjs", esModule = embed "speed.mjs"),
    ],
    compatibilityDate = "2026-01-01",
    compatibilityFlags = ["delete_all_deletes_alarm", "enhanced_error_serialization"],
    durableObjectNamespaces = [
      (className = "Box", uniqueKey = "box", enableSql = true),
      (className = "Room", uniqueKey = "room", enableSql = true),
      (className = "Speed", uniqueKey = "speed", enableSql = true),
    ],
    durableObjectStorage = (localDisk = "disk"),
    bindings = [
      (name = "BOX", durableObjectNamespace = "Box"),
      (name = "ROOM", durableObjectNamespace = "Room"),
      (name = "SPEED", durableObjectNamespace = "Speed"),
    ],
  )), (name = "disk", disk = (path = "objects", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;

export async function startWorkerd(): Promise<Workerd> {
  const require = createRequire(import.meta.url);
  const { default: binary, version } = require("workerd") as { default: string; version: string };
  const folder = await mkdtemp(join(tmpdir(), "holdfast-workerd-"));
  await writeFile(join(folder, "config.capnp"), CONFIG);
  await mkdir(join(folder, "objects"));
  for (const file of ["worker.mjs", "count-microtasks.mjs", "run-program.mjs", "run-session.mjs", "speed.mjs"])
    await copyFile(join(ORACLE, file), join(folder, file));
  const child = spawn(binary, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let said = "";
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`workerd ended with code ${code} before it listened`)));
    child.stdio[3]?.on("data", (chunk: Buffer) => {
      said += chunk;
      const heard = /"event":"listen".*?"port":(\d+)/.exec(said);
      if (heard) resolve(Number(heard[1]));
    });
  });
  return {
    version,
    async run(programs) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(programs) });
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
      return response.json();
    },
    async countMicrotasks() {
      const response = await fetch(`http://127.0.0.1:${port}/microtasks`);
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
      return response.json();
    },
    async runSessions(sessions) {
      const response = await fetch(`http://127.0.0.1:${port}/sessions`, { method: "POST", body: JSON.stringify(sessions) });
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
      return response.json();
    },
    async time(method, count) {
      const start = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}/${method}/${count}`, { method: "POST" });
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
      return performance.now() - start;
    },
    async stop() {
      child.kill();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}
