/** Prints everything: `npm run bench`. With `--json DRIVER`, one driver's figures for a program to read. */
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { startWorkerd } from "@holdfast/conformance/oracle";
import type { SqliteDriver } from "@holdfast/core/contract";
import { type CommitRates, compareCommits } from "./commits.js";
import { type DatabaseCosts, databaseCosts } from "./databases.js";
import { drivers } from "./drivers.js";
import { type HistoryCosts, historyCosts } from "./history.js";
import { largeObjectMegabytes, runLargeObjectStep } from "./large-object.js";
import { fillLongLog, longLogTimes, objectsMegabytes, openLongLog, runManyObjects } from "./long-logs.js";
import { compareObjects, type ObjectTimes, WORK, type Work } from "./objects.js";
import { compareInserts, compareSelects, type StatementTimes } from "./statements.js";

const ROUNDS = 15;
const COMMIT_ROUNDS = 5;

export interface Figures {
  readonly inserts: StatementTimes;
  readonly selects: StatementTimes;
  readonly databases: DatabaseCosts;
}

const MAIN = fileURLToPath(import.meta.url);
const [option, wanted, more, size, engine] = process.argv.slice(2);
/** What runs in processes of their own, and ends them. */
const inOwnProcess: Record<string, () => Promise<void>> = {
  "--fill-long-log": () => fillLongLog(wanted as string),
  "--open-long-log": () => openLongLog(wanted as string, more === "restore"),
  "--many-objects": runManyObjects,
  "--large-object": () => runLargeObjectStep(wanted as string, more as string, Number(size), engine as string),
};
if (option && inOwnProcess[option]) {
  await inOwnProcess[option]();
  process.exit();
}

const workerd = await startWorkerd();

async function measure(driver: SqliteDriver): Promise<Figures> {
  return {
    inserts: await compareInserts(driver, workerd, ROUNDS),
    selects: await compareSelects(driver, workerd, ROUNDS),
    databases: await databaseCosts(driver),
  };
}

function line(name: string, { workerd, holdfast, bare, faster, ofBare }: StatementTimes): string {
  const platform = `workerd ${workerd.toFixed(0)} ms, holdfast ${holdfast.toFixed(1)} ms (${faster.toFixed(1)}x faster)`;
  return `${name.padEnd(36)} ${platform}, bare loop ${bare.toFixed(1)} ms (${ofBare.toFixed(2)}x its time)`;
}

function objectLine(what: Work, { workerd, holdfast, faster }: ObjectTimes): string {
  const names: Record<Work, string> = {
    calls: "calls, one after the other",
    pairs: "await get + await put",
    syncPairs: "kv.get + kv.put",
    lists: "lists of 10,000 entries",
  };
  const each = (1000 * holdfast) / WORK[what];
  const figures = `workerd ${workerd.toFixed(0)} ms, holdfast ${holdfast.toFixed(1)} ms (${faster.toFixed(1)}x faster, ${each.toFixed(1)} µs each)`;
  return `${`${WORK[what].toLocaleString("en")} ${names[what]}`.padEnd(36)} ${figures}`;
}

function commitLines(rates: CommitRates): string[] {
  const rate = (perSecond: number) => `${Math.round(perSecond).toLocaleString("en")}/s`;
  return [
    `${"100 objects at once".padEnd(36)} workerd ${rate(rates.workerd)}, holdfast ${rate(rates.strict)} (${rates.ofWorkerd.toFixed(1)}x), relaxed ${rate(rates.relaxed)} (strict ${rates.ofRelaxed.toFixed(2)}x of it)`,
    `${"".padEnd(36)} bare journal ${rate(rates.bareJournal)} (${rates.ofBareJournal.toFixed(2)}x of it), a sync for each ${rate(rates.bareInSequence)} (${rates.ofBareInSequence.toFixed(1)}x)`,
    `${"one object, awaited".padEnd(36)} ${rates.aloneOfBare.toFixed(2)}x the time of a bare append and sync`,
  ];
}

function historyLine({ on, off, ofOff }: HistoryCosts): string {
  return `${"20,000 inserts in a turn, durable".padEnd(36)} ${on.toFixed(1)} ms, without a history ${off.toFixed(1)} ms (${ofOff.toFixed(2)}x its time)`;
}

if (option === "--json" && wanted === "objects") {
  console.log(JSON.stringify(await compareObjects(workerd, ROUNDS)));
} else if (option === "--json" && wanted === "commits") {
  console.log(JSON.stringify(await compareCommits(workerd, COMMIT_ROUNDS)));
} else if (option === "--json" && wanted === "history") {
  console.log(JSON.stringify(await historyCosts(ROUNDS)));
} else if (option === "--json") {
  const driver = drivers().find(({ name }) => name === wanted);
  if (!driver) throw new Error(`no driver ${wanted} on this Node`);
  console.log(JSON.stringify(await measure(driver)));
} else {
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} cores; Node ${process.versions.node}; workerd ${workerd.version}; medians of ${ROUNDS}`,
  );
  for (const driver of drivers()) {
    const { inserts, selects, databases } = await measure(driver);
    console.log(`\n${driver.name}`);
    console.log(line("20,000 inserts in one turn", inserts));
    console.log(line("20,000 exec().one() by primary key", selects));
    console.log(
      `${"opening a database, 1,000 open".padEnd(36)} ${databases.openMs.toFixed(2)} ms, ${databases.kilobytes.toFixed(0)} KB each`,
    );
  }
  console.log("\nobjects");
  for (const [what, times] of Object.entries(await compareObjects(workerd, ROUNDS))) console.log(objectLine(what as Work, times));
  console.log("\ndurable commits");
  for (const line of commitLines(await compareCommits(workerd, COMMIT_ROUNDS))) console.log(line);
  console.log(historyLine(await historyCosts(ROUNDS)));
  const { openAfterKillMs, openAfterCloseMs, askMs, restoreMs } = await longLogTimes(MAIN);
  const [kill, close, ask, restore] = [openAfterKillMs, openAfterCloseMs, askMs, restoreMs].map((ms) => `${ms.toFixed(0)} ms`);
  console.log(
    `${"\n95 MB, 100,000 commits behind it".padEnd(37)} opens in ${close} after a close, ${kill} after a kill; back to its middle in ${restore}, asked for in ${ask}`,
  );
  for (const { name } of drivers().filter(({ name }) => name !== "sqljs")) {
    const { databaseMegabytes, update, restore: back, deleteAll } = await largeObjectMegabytes(MAIN, name);
    console.log(
      `${`one object of ${databaseMegabytes} MB, ${name}`.padEnd(36)} at most ${update} MB in memory to change every row, ${back} MB to take it back, ${deleteAll} MB to delete everything`,
    );
  }
  console.log(`${"10,000 small objects".padEnd(36)} ${objectsMegabytes(MAIN)} MB in one process`);
}
await workerd.stop();
