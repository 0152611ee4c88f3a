/** Prints everything: `npm run bench`. */
import { cpus } from "node:os";
import { startWorkerd } from "@holdfast/conformance/oracle";
import { databaseCosts } from "./databases.js";
import { drivers } from "./drivers.js";
import { compareInserts, compareSelects, type StatementTimes } from "./statements.js";

const ROUNDS = 7;

const workerd = await startWorkerd();
console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores; Node ${process.versions.node}; workerd ${workerd.version}; medians of ${ROUNDS}`,
);

const told = (name: string, { workerd, holdfast, bare }: StatementTimes) =>
  `${name.padEnd(34)} workerd ${workerd.toFixed(0)} ms, holdfast ${holdfast.toFixed(1)} ms (${(workerd / holdfast).toFixed(1)}x faster), bare loop ${bare.toFixed(1)} ms (${(holdfast / bare).toFixed(2)}x its time)`;

for (const driver of drivers()) {
  console.log(`\n${driver.name}`);
  console.log(told("20,000 inserts in one turn", await compareInserts(driver, workerd, ROUNDS)));
  console.log(told("20,000 exec().one() by primary key", await compareSelects(driver, workerd, ROUNDS)));
  const { openMs, kilobytes } = await databaseCosts(driver);
  console.log(`${"opening a database, 1,000 open".padEnd(34)} ${openMs.toFixed(2)} ms, ${kilobytes.toFixed(0)} KB each`);
}
await workerd.stop();
