/** What an open database costs. */
import { openDatabase } from "@holdfast/conformance";
import type { SqliteDriver } from "@holdfast/core/contract";
import { median, timed } from "./measure.js";

const OPEN = 1000;

export interface DatabaseCosts {
  /** Median milliseconds to open one, with 1,000 open. */
  readonly openMs: number;
  /** Growth of this process's memory for each open database with one table, in KB; both the engine's heap and JavaScript's. */
  readonly kilobytes: number;
}

export async function databaseCosts(driver: SqliteDriver): Promise<DatabaseCosts> {
  const first = await openDatabase(driver); // starts the engine
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  const before = process.memoryUsage();
  const open = [first];
  const times: number[] = [];
  for (let i = 0; i < OPEN; i++) {
    times.push(
      await timed(async () => {
        const opened = await openDatabase(driver);
        open.push(opened);
      }),
    );
    open.at(-1)?.database.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
  }
  gc?.();
  const after = process.memoryUsage();
  const memory = ({ heapUsed, external }: NodeJS.MemoryUsage) => heapUsed + external;
  for (const { database } of open) database.close();
  return { openMs: median(times), kilobytes: (memory(after) - memory(before)) / 1024 / OPEN };
}
