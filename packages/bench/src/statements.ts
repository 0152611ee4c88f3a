/** statements.ts
 * 20,000 inserts of one row in one turn, and 20,000 `exec().one()` by primary key: on the real platform inside an object, on holdfast, and as a
 * bare loop over one prepared statement of the same engine. */
import { openDatabase } from "@holdfast/conformance";
import type { Workerd } from "@holdfast/conformance/oracle";
import type { SqliteDriver } from "@holdfast/core/contract";
import { openStorage } from "holdfast";
import { inSlices, medians, timed } from "./measure.js";

const COUNT = 20_000;
const CREATE = "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)";
const INSERT = "INSERT INTO t VALUES (?, ?)";
const SELECT = "SELECT v FROM t WHERE id = ?";

/** Milliseconds for all 20,000, and ratios of one round's; medians of the rounds. */
export interface StatementTimes {
  readonly workerd: number;
  readonly holdfast: number;
  readonly bare: number;
  /** Times as fast as workerd. */
  readonly faster: number;
  /** Of the bare loop's time. */
  readonly ofBare: number;
}

let objects = 0;

/** From the first insert to when all are durable. */
export function compareInserts(driver: SqliteDriver, workerd: Workerd, rounds: number): Promise<StatementTimes> {
  return medians(async () => {
    const platform = await timeOnPlatform(workerd, "inserts");
    const opened = await openStorage({ id: `bench-${objects++}`, driver });
    const { sql } = opened.storage;
    sql.exec(CREATE);
    await opened.storage.sync();
    const { database } = await openDatabase(driver);
    database.exec(CREATE);
    const statement = database.prepare(INSERT)?.statement;

    const begin = await timed(() => database.exec("BEGIN"));
    const [ours = 0, bare = 0] = inSlices(COUNT, [
      (i) => sql.exec(INSERT, i, `value ${i}`),
      (i) => {
        statement?.bind([i, `value ${i}`]);
        statement?.step();
        statement?.reset();
      },
    ]);
    const sync = await timed(() => opened.storage.sync());
    const commit = await timed(() => database.exec("COMMIT"));

    await opened.close();
    database.close();
    return compared(platform, ours + sync, begin + bare + commit);
  }, rounds);
}

export async function compareSelects(driver: SqliteDriver, workerd: Workerd, rounds: number): Promise<StatementTimes> {
  const fill = `WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${COUNT - 1}) INSERT INTO t SELECT i, 'value ' || i FROM n`;
  await workerd.time("inserts", COUNT);
  const opened = await openStorage({ id: `bench-${objects++}`, driver });
  const { sql } = opened.storage;
  sql.exec(`${CREATE}; ${fill}`);
  await opened.storage.sync();
  const { database } = await openDatabase(driver);
  database.exec(`${CREATE}; ${fill}`);
  const statement = database.prepare(SELECT)?.statement;
  const times = await medians(async () => {
    const platform = await timeOnPlatform(workerd, "selects");
    const [ours = 0, bare = 0] = inSlices(COUNT, [
      (i) => sql.exec(SELECT, i).one(),
      (i) => {
        statement?.bind([i]);
        statement?.step();
        statement?.row();
        statement?.reset();
      },
    ]);
    return compared(platform, ours, bare);
  }, rounds);
  await opened.close();
  database.close();
  return times;
}

/** Without the request's own time. */
async function timeOnPlatform(workerd: Workerd, what: "inserts" | "selects"): Promise<number> {
  return (await workerd.time(what, COUNT)) - (await workerd.time(what, 0));
}

function compared(workerd: number, holdfast: number, bare: number): StatementTimes {
  return { workerd, holdfast, bare, faster: workerd / holdfast, ofBare: holdfast / bare };
}
