/** The store in a real folder, as an application uses it. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAGE_SIZE, type Timeline } from "@holdfast/core/contract";
import { timelineSource } from "@holdfast/timeline";
import { type LogStore, NO_POSITION } from "@holdfast/timeline/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FileSystem } from "../src/file-system.js";
import { FolderStore } from "../src/folder-store.js";
import { folderStore } from "../src/index.js";
import { nodeFileSystem } from "../src/node-file-system.js";
import { folderName, idFromFolderName } from "../src/object-name.js";
import { SharedFolder } from "../src/shared-folder.js";
import { LogWriter } from "./support/log-writer.js";
import { packing } from "./support/simulated-store.js";

let dir: string;
let stores: LogStore[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-fs-"));
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(dir, { recursive: true });
});

function newStore(options: Parameters<typeof folderStore>[1] = {}, folder: string = dir): LogStore {
  const store = folderStore(folder, options);
  stores.push(store);
  return store;
}

let randomByte = 0;
const open = (store: LogStore, id = "a") =>
  timelineSource({ store, now: () => 1, random: (count) => new Uint8Array(count).fill(++randomByte) }).open(id);

const write = (timeline: Timeline, byte: number) =>
  timeline.append({ pageCount: 1, pages: [{ pageNumber: 1, data: new Uint8Array(PAGE_SIZE).fill(byte) }] });

const randomPage = (seed: number) =>
  Uint8Array.from({ length: PAGE_SIZE }, (_, i) => (i * 31 + seed * 17 + (i >> 5) * seed) % 251);

/** What cannot be packed. */
const noise = () => crypto.getRandomValues(new Uint8Array(PAGE_SIZE));

async function read(timeline: Timeline): Promise<number | undefined> {
  const image = await timeline.image();
  return image.pageCount === 0 ? undefined : image.read(1)[0];
}

test("what is written is there after closing in order, and no journal is left", async () => {
  const store = newStore();
  const timeline = await open(store);
  await timeline.flushed(write(timeline, 3));
  expect(await readdir(dir)).toEqual(expect.arrayContaining(["epoch-00000001", "journal-00000001-00000001", "objects"]));
  await store.close();
  expect((await readdir(dir)).sort()).toEqual(["epoch-00000001", "objects"]);
  expect(await read(await open(newStore()))).toBe(3);
});

test("a long journal is left for a new one, and removed when objects' files have what it had", async () => {
  const store = newStore({ journalBytes: 2000 });
  const timelines = [await open(store, "a"), await open(store, "b")] as const;
  for (let i = 1; i <= 40; i++) for (const timeline of timelines) await timeline.flushed(write(timeline, i));
  for (const timeline of timelines) expect(await read(timeline)).toBe(40);
  await expect.poll(async () => (await readdir(dir)).filter((name) => name.startsWith("journal-")).length).toBeLessThan(3);
  await store.close();
  const again = newStore();
  for (const id of ["a", "b"]) expect(await read(await open(again, id))).toBe(40);
});

test("two stores of one process on one folder share it; the second opening of an object fences the first", async () => {
  const [one, two] = [newStore(), newStore()];
  const first = await open(one);
  await first.flushed(write(first, 1));
  const second = await open(two);
  const lost = write(first, 2);
  await expect(first.flushed(lost)).rejects.toMatchObject({ code: "HOLDFAST_FENCED" });
  await second.flushed(write(second, 3));
  await one.close();
  await second.flushed(write(second, 4));
  await two.close();
  expect(await read(await open(newStore()))).toBe(4);
});

test("openings, deletions and forks of one object at once: whatever is acknowledged is there, or the object was deleted after", async () => {
  for (let round = 0; round < 20; round++) {
    const [one, two] = [newStore(), newStore()];
    await Promise.all([one.open("a"), two.delete("a"), two.open("a"), one.delete("a"), two.open("a")]);
    const source = await open(one);
    const at = write(source, 1);
    await source.flushed(at);
    const forks = await Promise.allSettled([
      one.fork("a", at, `b${round}`),
      two.fork("a", at, `b${round}`),
      one.open(`b${round}`),
    ]);
    for (const fork of forks) if (fork.status === "rejected") expect(fork.reason).toMatchObject({ code: "HOLDFAST_USAGE" });
    await source.flushed(write(source, 2));
    await source.close();
    expect(await read(await open(two))).toBe(2);
  }
});

test("a reader takes nothing: beside a writer it sees what there was when it looked", async () => {
  const writer = await open(newStore());
  await writer.flushed(write(writer, 1));
  const reader = await newStore().read("a");
  await writer.flushed(write(writer, 2));
  const records: Uint8Array[] = [];
  for await (const batch of reader.records(NO_POSITION)) records.push(...batch);
  expect(records.length).toBe(2); // the opening and the first commit
});

test("T22: due alarms are told without opening objects, from their files and from the journal", async () => {
  const say = async (store: LogStore, id: string, alarm: number | null) => {
    const timeline = await open(store, id);
    await timeline.flushed(timeline.append({ pageCount: 0, pages: [], meta: { alarm } }));
  };
  const due = async (store: LogStore) => {
    const ids: string[] = [];
    for await (const { id, at } of store.due(100, 10)) ids.push(`${id} ${at}`);
    return ids;
  };
  const first = newStore();
  for (const [id, at] of [
    ["late", 200],
    ["early", 10],
    ["moved", 20],
    ["cleared", 30],
  ] as const)
    await say(first, id, at);
  await first.close();
  const second = newStore();
  expect(await due(second)).toEqual(["early 10", "moved 20", "cleared 30"]);
  await say(second, "moved", 50);
  await say(second, "cleared", null);
  expect(await due(second)).toEqual(["early 10", "moved 50"]);
  await second.close();
  expect(await due(newStore())).toEqual(["early 10", "moved 50"]);
});

test("T2: a copy over a deleted object is deleted like any other", async () => {
  for (const isReopened of [false, true]) {
    let store = newStore();
    /** Another owner of the folder, if that is what is tried: everything is in the objects' files then. */
    const next = async () => {
      if (!isReopened) return;
      await store.close();
      store = newStore();
    };
    const parent = await open(store, "parent");
    await parent.flushed(write(parent, 1));
    const { head } = parent;
    for (let i = 0; i < 4; i++) await (await open(store, "x")).close();
    await store.delete("x");
    await next();
    await store.fork("parent", head, "x");
    await next();
    await store.delete("x");
    await next();
    expect((await store.read("x")).head).toEqual(NO_POSITION);
    for await (const id of store.list()) expect(id).toBe("parent");
    await store.close();
  }
});

test("a long log is opened by its end: how much is read does not grow with it; the journal goes on from there", async () => {
  const read = { bytes: 0 };
  const counting: FileSystem = {
    ...nodeFileSystem,
    read: async (path) => counted(await nodeFileSystem.read(path)),
    readPart: async (...range) => counted(await nodeFileSystem.readPart(...range)),
  };
  const counted = (bytes: Uint8Array | undefined) => {
    read.bytes += bytes?.length ?? 0;
    return bytes;
  };
  const hold = async () => async () => {};
  const parts = {
    fs: counting,
    dir,
    isRelaxed: false,
    maxJournalBytes: 20_000,
    largeBytes: 1 << 20,
    packing: packing(4096),
    mergedBytes: 0,
    hold,
  };
  const opened = async (wholeBytes: number) => {
    const store = new FolderStore(new SharedFolder({ ...parts, wholeBytes }));
    read.bytes = 0;
    const log = await store.open("a");
    return { store, log, headBytes: read.bytes };
  };
  const sizes: number[] = [];
  for (let session = 0; session < 5; session++) {
    const { store, log, headBytes } = await opened(0);
    sizes.push(headBytes);
    const writer = new LogWriter(log);
    for (let i = 0; i < 100; i++) writer.append(1000);
    await writer.flush();
    const { head } = writer;
    for (let i = 0; i < 3; i++) writer.append(10);
    await writer.flush();
    read.bytes = 0;
    let behind = 0;
    for await (const batch of log.records(head)) behind += batch.length;
    expect([behind, read.bytes < 50_000]).toEqual([3, true]);
    expect((await store.open("a")).head).toEqual(writer.head); // its last records are in the journal only
    if (session < 4) await store.close(); // the last one is left as a process that died leaves it
  }
  expect(Math.max(...sizes.slice(1))).toBeLessThan(20_000);
  const { log } = await opened(0);
  expect(log.head.txid).toBe(5 * 103);
  const whole = await opened(1 << 30);
  expect([whole.log.head, whole.log.epoch]).toEqual([log.head, log.epoch]);
  await whole.store.close();
});

test("T15: what is older than 30 days becomes one record, and the file shrinks", async () => {
  let now = 0;
  const at = (store: LogStore) => timelineSource({ store, now: () => now, random: (count) => new Uint8Array(count) }).open("a");
  const file = (owner: number) => join(dir, "objects", "a", `0000000${owner}.log`);
  const store = newStore();
  const first = await at(store);
  for (let i = 0; i < 40; i++) first.append({ pageCount: 1, pages: [{ pageNumber: 1, data: randomPage(i) }] });
  await first.close();
  await store.close();
  const before = (await stat(file(1))).size;
  now = 31 * 24 * 60 * 60 * 1000;
  for (const owner of [2, 3]) {
    const again = newStore();
    const timeline = await at(again);
    expect((await timeline.image()).read(1)).toEqual(randomPage(39));
    await again.close();
    expect((await stat(file(owner))).size, `owner ${owner}`).toBeLessThan(before / 10);
    expect(existsSync(file(owner - 1))).toBe(false);
  }
});

test("T22: the alarm of an object whose newest records do not speak of it is still found, whatever became of its files", async () => {
  for (let owner = 0; owner < 8; owner++) {
    const store = newStore();
    const timeline = await open(store);
    const pages = Array.from({ length: owner === 0 ? 24 : 1 }, (_, i) => ({ pageNumber: i + 1, data: noise() }));
    timeline.append({ pageCount: 24, pages, ...(owner === 1 && { meta: { alarm: 77 } }) });
    await store.close();
    const due: unknown[] = [];
    const reading = newStore();
    for await (const one of reading.due(100, 10)) due.push(one);
    await reading.close();
    expect(due, `owner ${owner}`).toEqual(owner === 0 ? [] : [{ id: "a", at: 77 }]);
  }
  const logs = (await readdir(join(dir, "objects", "a"))).filter((name) => name.endsWith(".log"));
  expect(logs).toContain("00000001.log"); // too large to be written again
  expect(logs).not.toContain("00000002.log");
});

test("relaxed: what is acknowledged is there after closing", async () => {
  const store = newStore({ durability: "relaxed" });
  const timeline = await open(store);
  await timeline.flushed(write(timeline, 5));
  await store.close();
  expect(await read(await open(newStore()))).toBe(5);
});

test("a relative folder, of one letter, several levels of which are missing", async () => {
  const before = process.cwd();
  process.chdir(dir);
  try {
    for (const relative of ["d", "./e/f/g"]) {
      const store = newStore({}, relative);
      const timeline = await open(store);
      await timeline.flushed(write(timeline, 1));
      await store.close();
      expect((await readdir(join(dir, relative))).sort()).toEqual(["epoch-00000001", "objects"]);
    }
  } finally {
    process.chdir(before);
  }
});

test("a folder that cannot be made", async () => {
  await expect(newStore({}, "/dev/null/x").open("a")).rejects.toThrow();
});

describe("folder names", () => {
  test("are distinct where file systems fold case, and lead back to the id", () => {
    const ids = ["a", "A", "%41", "a/b", "..", ".", "a.b", "-Counter/0f", "ä", "con", " "];
    const names = ids.map(folderName);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(ids.length);
    expect(names.map(idFromFolderName)).toEqual(ids);
    for (const name of names) expect(name).toMatch(/^[a-z0-9_%-][a-z0-9_%.-]*$/);
  });

  test("an empty, overlong or ill-formed id is refused", () => {
    for (const id of ["", "x".repeat(300)])
      expect(() => folderName(id)).toThrow(expect.objectContaining({ code: "HOLDFAST_USAGE" }));
  });
});
