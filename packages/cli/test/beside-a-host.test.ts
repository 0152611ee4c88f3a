/** The program itself, in a process of its own, beside a host that runs: it reads, and refuses to write. */
import { DurableObject } from "cloudflare:workers";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DurableObjectNamespace, type DurableObjectState, openHost } from "holdfast";
import { expect, test } from "vitest";

const BIN = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

class Counter extends DurableObject {
  declare ctx: DurableObjectState;

  add(): number {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS n (n INTEGER)");
    sql.exec("INSERT INTO n VALUES (1)");
    return Number(sql.exec("SELECT count(*) AS n FROM n").one()["n"]);
  }
}

function holdfast(...args: string[]): Promise<{ code: number | null; out: string; error: string }> {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let error = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    error += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, error }));
  });
}

test("reads what is durable, beside a host that goes on writing; restores when it is gone", { timeout: 60_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
  const open = () =>
    openHost<{ COUNTER: DurableObjectNamespace<Counter> }>({
      dir,
      worker: { Counter },
      durableObjects: { COUNTER: { className: "Counter" } },
    });
  const host = await open();
  const counter = host.env.COUNTER.getByName("one");
  for (let i = 0; i < 3; i++) await counter.add();
  let isOver = false;
  const writing = (async () => {
    while (!isOver) await counter.add();
  })();
  const seen: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { code, out, error } = await holdfast("-d", dir, "--json", "query", "Counter", "SELECT count(*) AS n FROM n");
    expect([code, error]).toEqual([0, ""]);
    seen.push(JSON.parse(out)[0].n);
  }
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen[0]).toBeGreaterThanOrEqual(3);
  expect(await holdfast("-d", dir, "check")).toMatchObject({ code: 0, error: "" });
  const log = JSON.parse((await holdfast("-d", dir, "--json", "log", "Counter", "-n", "1000000")).out);
  const third = log.filter(({ kind }: { kind: string }) => kind === "commit").at(-3).bookmark;
  const refused = await holdfast("-d", dir, "restore", "Counter", third);
  expect(refused).toMatchObject({ code: 1, error: expect.stringMatching(`held.*process ${process.pid}|process ${process.pid}`) });
  isOver = true;
  await writing;
  await host.close();

  expect(await holdfast("-d", dir, "restore", "Counter", third)).toMatchObject({ code: 0, error: "" });
  const again = await open();
  expect(await again.env.COUNTER.getByName("one").add()).toBe(4);
  await again.close();
  await rm(dir, { recursive: true });
});
