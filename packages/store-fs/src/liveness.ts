/** liveness.ts
 * Whether a process holds a folder: it listens on a local socket of the folder's. A connection that is accepted, also by a process that
 * is stopped, means held; ownership is never taken on a timeout (T17). Safety does not depend on any of this (T18). */
import { createHash } from "node:crypto";
import { unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/timeline/contract";

/** A path of a socket has at most 103 bytes on macOS. */
const MAX_PATH_BYTES = 100;
const ANSWER_MS = 500;

/** Holds a folder until the returned function is called. @throws HoldfastError `HOLDFAST_HELD`, naming the holder */
export async function holdFolder(dir: string): Promise<() => Promise<void>> {
  const path = socketPath(dir);
  for (;;) {
    const connections = new Set<Socket>();
    const server = await listen(path, connections);
    if (server) {
      return () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          for (const connection of connections) connection.destroy(); // of whoever asks and does not listen
        });
    }
    const holder = await ask(path);
    if (holder !== undefined) {
      const who = holder === "" ? "a process that does not answer" : holder;
      throw new HoldfastError("HOLDFAST_HELD", `The folder ${dir} is in use by ${who}. Close it there first.`);
    }
    await unlink(path).catch(() => undefined); // of a process that died; somebody else may have removed it
  }
}

function socketPath(dir: string): string {
  const inside = join(dir, "holder.sock");
  const digest = createHash("sha256").update(dir).digest("hex").slice(0, 32);
  if (process.platform === "win32") return `\\\\.\\pipe\\holdfast-${digest}`;
  return Buffer.byteLength(inside) <= MAX_PATH_BYTES ? inside : join(tmpdir(), `holdfast-${digest}.sock`);
}

/** `undefined` if the path is taken. */
function listen(path: string, connections: Set<Socket>): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => {
      connections.add(connection);
      connection.on("error", () => undefined); // whoever asked is gone
      connection.once("close", () => connections.delete(connection));
      connection.end(`process ${process.pid} on ${hostname()}`);
    });
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** What the holder says of itself, `""` if it accepts and says nothing; `undefined` if nobody listens. */
function ask(path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const connection = connect(path);
    let answer = "";
    let timer: NodeJS.Timeout | undefined;
    connection.once("connect", () => {
      timer = setTimeout(() => connection.destroy(), ANSWER_MS);
    });
    connection.on("data", (data) => {
      answer += data.toString();
    });
    connection.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(undefined);
      else reject(error);
    });
    connection.once("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
