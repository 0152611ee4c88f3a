/** What runs in the page of browser.test.ts: plain JavaScript, served as it is. */
import { RECORDED_LENGTH, sqlTotals } from "@holdfast/conformance";
import { sqljs } from "@holdfast/driver-sqljs";
import { openHost, openStorage, sqliteWasm } from "holdfast";

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

/** Codes of what a browser cannot do. */
export function refusals() {
  const code = (promise) => promise.then(String, (error) => error.code);
  return Promise.all([
    code(openStorage({ id: "a", dir: "./data" })),
    code(openHost({ worker: {}, durableObjects: {} })),
    code(openStorage({ id: "a", driver: sqljs() })),
  ]);
}
