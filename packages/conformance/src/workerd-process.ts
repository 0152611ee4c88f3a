/** Starts the pinned workerd binary on a folder of its own. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface WorkerdProcess {
  readonly version: string;
  /** Where a socket of the configuration listens. */
  address(socket: string): string;
  stop(): Promise<void>;
}

/** @param files `config.capnp`, and what it embeds. @param sockets names of the sockets to wait for */
export async function startProcess(files: Readonly<Record<string, string>>, sockets: readonly string[]): Promise<WorkerdProcess> {
  const require = createRequire(import.meta.url);
  const { default: binary, version } = require("workerd") as { default: string; version: string };
  const folder = await mkdtemp(join(tmpdir(), "holdfast-workerd-"));
  await mkdir(join(folder, "objects"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const child = spawn(binary, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ports = new Map<string, number>();
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`workerd ended with code ${code} before it listened`)));
    child.stdio[3]?.on("data", (chunk: Buffer) => {
      said += chunk;
      for (const [, socket = "", port] of said.matchAll(/"event":"listen","socket":"(\w+)","port":(\d+)/g)) {
        ports.set(socket, Number(port));
      }
      if (sockets.every((socket) => ports.has(socket))) resolve();
    });
  });
  return {
    version,
    address: (socket) => `http://127.0.0.1:${ports.get(socket)}`,
    async stop() {
      child.kill();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}
