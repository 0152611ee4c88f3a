// Writes packages/conformance/golden/NAME: a folder as the present file format has it, with everything the format knows, and what is to be found in it.
// Run it with the newest Node there is, once for each version of the format: `turbo run build && node scripts/make-golden.mjs NAME`. What is there is never
// changed: later releases must read it.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "holdfast";
// The sizes from which logs, records and snapshots are treated as large are not for everybody to choose.
import { FolderStore } from "../packages/store-fs/dist/folder-store.js";
import { nodeFileSystem } from "../packages/store-fs/dist/node-file-system.js";
import { deflateInThread } from "../packages/store-fs/dist/packed-group.js";
import { SharedFolder } from "../packages/store-fs/dist/shared-folder.js";
import { NO_POSITION } from "../packages/timeline/dist/contract.js";
import { timelineSource } from "../packages/timeline/dist/index.js";
import { writeSnapshot } from "../packages/timeline/dist/timeline/snapshot.js";

const [name] = process.argv.slice(2);
if (!name) throw new Error("Give the folder a name: what there is in others is never written anew.");
const TARGET = new URL(`../packages/conformance/golden/${name}/`, import.meta.url).pathname;
const working = mkdtempSync(join(tmpdir(), "holdfast-golden-"));
const crashed = mkdtempSync(join(tmpdir(), "holdfast-golden-"));

const newStore = () => {
  const packing = { minBytes: 200, deflate: deflateInThread };
  const sizes = { maxJournalBytes: 60_000, wholeBytes: 1 << 20, largeBytes: 20_000, packing, mergedBytes: 6000 };
  return new FolderStore(
    new SharedFolder({ fs: nodeFileSystem, dir: working, isRelaxed: false, ...sizes, hold: async () => async () => {} }),
  );
};

const QUERY = "SELECT count(*) AS rows, sum(n) AS n, total(length(data)) AS bytes FROM t";
const ALARM = 4_102_444_800_000;
const moments = [];

/** One owner of the folder, with a session of the object. */
async function session(work) {
  const store = newStore();
  const opened = await openStorage({ store, id: "Golden/ö" });
  await work(opened.storage, opened);
  await opened.storage.sync();
  moments.push({ bookmark: await opened.storage.getCurrentBookmark(), expected: opened.storage.sql.exec(QUERY).one() });
  return { store, opened };
}

async function close({ store, opened }) {
  await opened.close();
  await store.close();
}

await close(
  await session(async ({ sql, kv }) => {
    sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, data BLOB)");
    kv.put("key", { text: "ü", list: [1, 2n, new Date(0)] });
    for (let i = 0; i < 20; i++) sql.exec("INSERT INTO t (n, data) VALUES (?, zeroblob(?))", i, 100 * i);
  }),
);
await close(
  await session(async (storage) => {
    for (let i = 0; i < 30; i++) {
      storage.sql.exec("UPDATE t SET n = n + 1 WHERE id = ?", 1 + (i % 20));
      await storage.sync();
    }
    storage.sql.exec(
      "INSERT INTO t (n, data) VALUES (7, ?)",
      Uint8Array.from({ length: 30_000 }, (_, i) => (i * i) % 251),
    ); // a large record
  }),
);
await close(
  await session(async (storage, opened) => {
    storage.sql.exec("DELETE FROM t WHERE id > 10");
    await storage.sync();
    await storage.onNextSessionRestoreBookmark(moments[1].bookmark);
    await opened.restart();
  }),
);
{
  // An alarm, which only a host could have run.
  const store = newStore();
  const random = (count) => crypto.getRandomValues(new Uint8Array(count));
  const timeline = await timelineSource({ store, now: () => Date.now(), random }).open("Golden/ö");
  const { pageCount } = await timeline.image();
  timeline.append({ pageCount, pages: [], meta: { alarm: ALARM } });
  await timeline.close();
  await store.close();
}
{
  // A snapshot, as is taken of longer logs.
  const store = newStore();
  const past = await timelineSource({ store }).read("Golden/ö");
  const image = await past.image();
  const log = await store.open("Golden/ö");
  const state = { image, meta: { alarm: ALARM, armedRestore: null }, oldestMs: Date.now(), historyBytes: 1 };
  await log.putSnapshot(log.head, writeSnapshot(state, log.head));
  await store.close();
}
const forked = newStore();
const [first] = moments;
const { position } = await (await timelineSource({ store: forked }).read("Golden/ö")).resolveBookmark(first.bookmark);
await forked.fork("Golden/ö", position, "fork");
const deleted = await openStorage({ store: forked, id: "deleted" });
deleted.storage.kv.put("a", 1);
await deleted.close();
await forked.delete("deleted");
await forked.close();
// The last owner dies: its journal is all that it leaves.
await session(async ({ sql }) => sql.exec("INSERT INTO t (n, data) VALUES (1000, NULL)"));
cpSync(working, crashed, { recursive: true });

const records = [];
const reader = await newStore().read("Golden/ö");
for await (const batch of reader.records(NO_POSITION))
  for (const record of batch) records.push(Buffer.from(record).toString("base64"));

mkdirSync(TARGET);
cpSync(crashed, join(TARGET, "folder"), { recursive: true });
writeFileSync(join(TARGET, "records.json"), `${JSON.stringify(records)}\n`);
const expected = { writtenBy: `Node ${process.versions.node}`, id: "Golden/ö", query: QUERY, moments, alarm: ALARM };
writeFileSync(join(TARGET, "expected.json"), `${JSON.stringify(expected, undefined, 2)}\n`);
rmSync(working, { recursive: true });
rmSync(crashed, { recursive: true });
console.log(expected, readFileSync(join(TARGET, "records.json")).length);
process.exit();
