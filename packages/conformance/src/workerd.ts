/** workerd.ts
 * The real thing: starts the pinned workerd with `oracle/worker.mjs` and runs programs in fresh objects of it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Session } from "./random-session.js";
import type { SqlStep } from "./random-sql.js";
import type { ClassProgram } from "./runtime-case.js";
import { startProcess } from "./workerd-process.js";

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
  const files: Record<string, string> = { "config.capnp": CONFIG };
  for (const file of ["worker.mjs", "count-microtasks.mjs", "run-program.mjs", "run-session.mjs", "speed.mjs"]) {
    files[file] = await readFile(join(ORACLE, file), "utf8");
  }
  const { version, address, stop } = await startProcess(files, ["http"]);
  const ask = async (path: string, init?: RequestInit): Promise<Response> => {
    const response = await fetch(`${address("http")}${path}`, init);
    if (!response.ok) throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
    return response;
  };
  return {
    version,
    run: async (programs) => (await ask("/", { method: "POST", body: JSON.stringify(programs) })).json(),
    countMicrotasks: async () => (await ask("/microtasks")).json(),
    runSessions: async (sessions) => (await ask("/sessions", { method: "POST", body: JSON.stringify(sessions) })).json(),
    async time(method, count) {
      const start = performance.now();
      await ask(`/${method}/${count}`, { method: "POST" });
      return performance.now() - start;
    },
    stop,
  };
}

/** Runs programs of classes, each as a worker of its own, all at the same time. What each driver returns, or how it failed. */
export async function runOnWorkerd(programs: readonly ClassProgram[]): Promise<unknown[]> {
  const files: Record<string, string> = {
    "config.capnp": programsConfig(programs),
    "told.mjs": await readFile(join(ORACLE, "told.mjs"), "utf8"),
  };
  for (const [i, program] of programs.entries()) files[`program${i}.mjs`] = programModule(program);
  const { address, stop } = await startProcess(
    files,
    programs.map((_, i) => `program${i}`),
  );
  try {
    return await Promise.all(programs.map(async (_, i) => (await fetch(address(`program${i}`))).json()));
  } finally {
    await stop();
  }
}

function programModule({ do: classes, exports = [], driver }: ClassProgram): string {
  return `import { DurableObject, RpcTarget } from "cloudflare:workers";
import { told as T } from "told.mjs";
const G = {};
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
${classes}
export { ${["X", ...exports].join(", ")} };
export default {
  async fetch(request, env) {
    const driver = (${driver});
    const observed = await T(() => driver({ ns: env.X, T, sleep }));
    return Response.json(observed);
  },
};
`;
}

function programsConfig(programs: readonly ClassProgram[]): string {
  const services = programs.map(
    ({ compatDate = NEWEST, flags = [] }, i) => `(name = "program${i}", worker = (
      modules = [(name = "main.mjs", esModule = embed "program${i}.mjs"), (name = "told.mjs", esModule = embed "told.mjs")],
      compatibilityDate = "${compatDate}", compatibilityFlags = ${JSON.stringify(flags)},
      durableObjectNamespaces = [(className = "X", uniqueKey = "x${i}", enableSql = true)],
      durableObjectStorage = (localDisk = "disk"), bindings = [(name = "X", durableObjectNamespace = "X")])),`,
  );
  const sockets = programs.map((_, i) => `(name = "program${i}", address = "127.0.0.1:0", http = (), service = "program${i}"),`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "disk", disk = (path = "objects", writable = true)), ${services.join("\n")}],
  sockets = [${sockets.join("\n")}],
);
`;
}

/** The newest date that the pinned workerd knows for certain. */
const NEWEST = "2026-11-01";
