/** statements.ts
 * 20,000 inserts of one row in one turn, and 20,000 `exec().one()` by primary key: on the real platform inside an object, on holdfast, and as a
 * bare loop over one prepared statement of the same engine. */
import { openDatabase } from "@holdfast/conformance";
import type { Workerd } from "@holdfast/conformance/oracle";
import type { SqliteDriver } from "@holdfast/core/contract";
import { openStorage } from "holdfast";
import { medians, timed } from "./measure.js";

const COUNT = 20_000;
const CREATE = "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)";
const INSERT = "INSERT INTO t VALUES (?, ?)";
const SELECT = "SELECT v FROM t WHERE id = ?";

/** Milliseconds for all 20,000. */
export interface StatementTimes {
  readonly workerd: number;
  readonly holdfast: number;
  readonly bare: number;
}

let objects = 0;

/** From the first insert to when all are durable. */
export async function compareInserts(driver: SqliteDriver, workerd: Workerd, rounds: number): Promise<StatementTimes> {
  const times = await medians(
    {
      workerd: async () => (await workerd.time("inserts", COUNT)) - (await workerd.time("inserts", 0)),
      holdfast: async () => {
        const opened = await openStorage({ id: `bench-${objects++}`, driver });
        const { sql } = opened.storage;
        sql.exec(CREATE);
        await opened.storage.sync();
        const time = await timed(async () => {
          for (let i = 0; i < COUNT; i++) sql.exec(INSERT, i, `value ${i}`);
          await opened.storage.sync();
        });
        await opened.close();
        return time;
      },
      bare: async () => {
        const { database } = await openDatabase(driver);
        database.exec(CREATE);
        const statement = database.prepare(INSERT)?.statement;
        const time = await timed(() => {
          database.exec("BEGIN");
          for (let i = 0; i < COUNT; i++) {
            statement?.bind([i, `value ${i}`]);
            statement?.step();
            statement?.reset();
          }
          database.exec("COMMIT");
        });
        database.close();
        return time;
      },
    },
    rounds,
  );
  return times as unknown as StatementTimes;
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
  const times = await medians(
    {
      workerd: async () => (await workerd.time("selects", COUNT)) - (await workerd.time("selects", 0)),
      holdfast: () =>
        timed(() => {
          for (let i = 0; i < COUNT; i++) sql.exec(SELECT, i).one();
        }),
      bare: () =>
        timed(() => {
          for (let i = 0; i < COUNT; i++) {
            statement?.bind([i]);
            statement?.step();
            statement?.row();
            statement?.reset();
          }
        }),
    },
    rounds,
  );
  await opened.close();
  database.close();
  return times as unknown as StatementTimes;
}
