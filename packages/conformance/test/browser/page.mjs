/** What runs in the page of browser.test.ts: plain JavaScript, served as it is. */
import { RECORDED_LENGTH, sqlTotals } from "@holdfast/conformance";
import { sqljs } from "@holdfast/driver-sqljs";
import { DurableObject } from "@holdfast/host/cloudflare-workers";
import { readHeader } from "@holdfast/timeline/record";
import { memoryStore, openHistory, openHost, openStorage, sqliteWasm } from "holdfast";

/** The totals of the recorded SQL cases. @param {"wasm" | "sqljs"} name */
export async function replay(name) {
  const cases = await (await fetch("/packages/conformance/cases/sql-cases.json")).json();
  const driver = name === "sqljs" ? await stockSqljs() : sqliteWasm();
  return sqlTotals(cases, driver.supports, () => openStorage({ id: "case", driver, limits: { length: RECORDED_LENGTH } }));
}

async function stockSqljs() {
  const wasm = await (await fetch("/node_modules/sql.js/dist/sql-wasm.wasm")).arrayBuffer();
  return sqljs({ initSqlJs: globalThis.initSqlJs, wasm });
}

/** What a query finds after a restore. */
export async function restore() {
  const opened = await openStorage({ id: "a" });
  opened.storage.sql.exec("CREATE VIRTUAL TABLE f USING fts5(t)");
  opened.storage.sql.exec("INSERT INTO f VALUES ('the quick brown fox')");
  const bookmark = await opened.storage.getCurrentBookmark();
  opened.storage.sql.exec("DELETE FROM f");
  await opened.storage.onNextSessionRestoreBookmark(bookmark);
  await opened.restart();
  const found = opened.storage.sql.exec("SELECT t FROM f WHERE f MATCH 'quick'").one();
  await opened.close();
  return found;
}

/** What is found at each of the golden log's moments (`scripts/make-golden.mjs`), its records put into a store in memory. */
export async function golden() {
  const read = async (name) => (await fetch(`/packages/conformance/golden/packed/${name}`)).json();
  const { id, query, moments } = await read("expected.json");
  const records = (await read("records.json")).map((text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  const store = memoryStore();
  const { epoch } = readHeader(records.at(-1)).position;
  let log = await store.open(id);
  while (log.epoch < epoch) log = await store.open(id);
  for (const record of records) log.append(log.head, record, { position: readHeader(record).position });
  await log.close();
  const history = await openHistory({ store, id });
  return Promise.all(moments.map(({ bookmark }) => history.queryAt(bookmark, query)));
}

class Counter extends DurableObject {
  woken = new Promise((resolve) => {
    this.alarm = () => resolve("woken");
  });
  async increment() {
    const { storage } = this.ctx;
    return this.ctx.blockConcurrencyWhile(async () => {
      const n = (await storage.get("n")) ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 1)); // others wait
      await storage.transaction((txn) => txn.put("n", n + 1));
      return n + 1;
    });
  }
  async wake() {
    await this.ctx.storage.setAlarm(Date.now() + 5);
    return this.woken;
  }
}

/** What calls to an object in a host give, made at the same time. */
export async function hosted() {
  const host = await openHost({ worker: { Counter }, durableObjects: { COUNTER: { className: "Counter" } } });
  const counter = host.env.COUNTER.getByName("a");
  const counts = await Promise.all([1, 2, 3, 4].map(() => counter.increment()));
  const woken = await counter.wake();
  await host.close();
  return [counts, woken];
}

/** Codes of what a browser cannot do. */
export function refusals() {
  const code = (promise) => promise.then(String, (error) => error.code);
  return Promise.all([code(openStorage({ id: "a", dir: "./data" })), code(openStorage({ id: "a", driver: sqljs() }))]);
}
