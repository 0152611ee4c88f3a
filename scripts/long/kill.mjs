// Kills a process that increments counters (`kill -9`, between and inside increments), and looks after each kill whether every
// acknowledged increment is there. The objects are of the Counter class of docs/examples/counter, in a folder store, and move from engine to
// engine: our own, sql.js, node:sqlite.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runInDurableObject } from "@holdfast/testing";
import { openHost } from "holdfast";
import { newerNode } from "../newer-node.mjs";
import { random } from "./random.mjs";

const CHILD = fileURLToPath(new URL("./kill-child.mjs", import.meta.url));
export const WORKER = new URL("../../docs/examples/counter/dist/worker/counter.js", import.meta.url).href;
export const OBJECTS = ["a", "b", "c"];
const ENGINES = ["wasm", "sqljs", "node"];

/** @returns {Promise<{ totals: string, lost: string[] }>} */
export async function kill({ seed, count: kills }) {
  const pick = random(seed);
  const dir = await mkdtemp(join(tmpdir(), "holdfast-kill-"));
  const acknowledged = new Map(OBJECTS.map((name) => [name, 0]));
  const lost = [];
  let acknowledgements = 0;
  let beyond = 0;
  for (let round = 1; round <= kills && lost.length === 0; round++) {
    const { values, inFlight } = await killOnce(dir, pick(2 ** 31), 1 + pick(60), ENGINES[round % ENGINES.length]);
    for (const [name, value] of values) {
      acknowledgements += 1;
      if (value <= acknowledged.get(name))
        lost.push(`kill ${round}: '${name}' answered ${value} after ${acknowledged.get(name)}`);
      acknowledged.set(name, value);
    }
    for (const [name, { value, check }] of await readAll(dir)) {
      const least = acknowledged.get(name);
      const most = least + inFlight;
      if (check !== "ok") lost.push(`kill ${round}: '${name}' is damaged: ${check}`);
      if (value < least || value > most) lost.push(`kill ${round}: '${name}' holds ${value}, not ${least} to ${most}`);
      beyond += value - least;
      acknowledged.set(name, value);
    }
  }
  await rm(dir, { recursive: true });
  const totals = `${kills} kills, ${acknowledgements} acknowledged increments, ${beyond} more were durable unacknowledged, ${lost.length} lost`;
  return { totals, lost };
}

/** Runs the child until it has acknowledged `count` increments, and kills it. */
async function killOnce(dir, seed, count, engine) {
  const node = engine === "node" ? fileURLToPath(new URL(`../../${newerNode()}`, import.meta.url)) : process.execPath;
  const child = spawn(node, ["--import", "holdfast/register", CHILD, dir, String(seed), engine], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  const values = [];
  let inFlight = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, name, value] = line.split(" ");
    if (word === "FLIGHT") inFlight = Number(name);
    if (word === "ACK") values.push([name, Number(value)]);
    if (values.length === count) child.kill("SIGKILL");
  }
  const { code, signal } = await closed;
  if (signal !== "SIGKILL") throw new Error(`the child ended by itself with code ${code} after ${values.length} increments`);
  return { values, inFlight };
}

async function readAll(dir) {
  const host = await openHost({ worker: () => import(WORKER), durableObjects: { COUNTER: { className: "Counter" } }, dir });
  const found = new Map();
  for (const name of OBJECTS) {
    const read = (_object, { storage }) => ({
      value: storage.sql.exec("SELECT value FROM data").toArray()[0]?.value ?? 0,
      check: storage.sql.exec("PRAGMA quick_check").raw().next().value[0],
    });
    found.set(name, await runInDurableObject(host.env.COUNTER.getByName(name), read));
  }
  await host.close();
  return found;
}
