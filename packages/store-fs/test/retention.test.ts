/** Histories that are given up in a folder: large states are in files of their own, which nothing may remove before the log speaks of them. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAGE_SIZE, type Timeline } from "@holdfast/core/contract";
import { timelineSource } from "@holdfast/timeline";
import type { LogStore } from "@holdfast/timeline/contract";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderStore } from "../src/index.js";

let dir: string;
let byte = 0;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-retention-"));
});

afterEach(() => rm(dir, { recursive: true }));

const sourceOver = (store: LogStore, historyBytes?: number) => {
  byte += 1;
  const random = (count: number) => new Uint8Array(count).fill(byte);
  return timelineSource({ store, now: () => 1000, random, ...(historyBytes !== undefined && { historyBytes }) });
};

const noise = (seed: number, page: number) =>
  Uint8Array.from({ length: PAGE_SIZE }, (_, i) => (i * 31 + seed * 17 + page * 7 + (i >> 3) * seed + i * i * (page + 1)) % 251);

const fill = (timeline: Timeline, seed: number, count: number) =>
  timeline.flushed(
    timeline.append({
      pageCount: count,
      pages: Array.from({ length: count }, (_, i) => ({ pageNumber: i + 1, data: noise(seed, i) })),
    }),
  );

const recordFiles = async (id: string) =>
  (await readdir(join(dir, "objects", id))).filter((name) => name.endsWith(".record")).length;

test("of a fork that follows a deletion, by the same owner", async () => {
  const store = folderStore(dir);
  const gone = await sourceOver(store).open("x");
  await fill(gone, 1, 3);
  await gone.close();
  await sourceOver(store).delete("x");
  const parent = await sourceOver(store).open("p");
  for (let i = 0; i < 4; i++) await fill(parent, i + 2, 300);
  await parent.close();
  await sourceOver(store).fork("p", "x");
  const fork = await sourceOver(store, 100_000).open("x");
  await fill(fork, 9, 3);
  await fork.close();
  await store.close();
  const again = folderStore(dir);
  for (const limit of [undefined, 100_000]) {
    const opened = await sourceOver(again, limit).open("x");
    const image = await opened.image();
    expect(image.pageCount).toBe(3);
    expect(Buffer.compare(image.read(2), noise(9, 1))).toBe(0);
    for await (const _ of opened.entries({})); // every record is there
    await opened.close();
  }
  await again.close();
});

test("one that is refused leaves no files behind", async () => {
  const store = folderStore(dir);
  const first = await sourceOver(store).open("p");
  for (let i = 0; i < 4; i++) await fill(first, i + 2, 600);
  await first.close();
  const reader = await store.read("p");
  const pin = await reader.pin(reader.head);
  const before = await recordFiles("p");
  for (let i = 0; i < 2; i++) await (await sourceOver(store, 100_000).open("p")).close();
  expect(await recordFiles("p")).toBe(before);
  pin.release();
  await (await sourceOver(store, 100_000).open("p")).close();
  expect(await recordFiles("p")).toBeLessThan(before);
  await store.close();
});

test("waits for those who read: what they have begun they can finish", async () => {
  const store = folderStore(dir);
  const first = await sourceOver(store).open("p");
  for (let i = 0; i < 4; i++) await fill(first, i + 2, 600);
  await first.close();
  const records = (await store.read("p")).records({ epoch: 0, sequence: 0 })[Symbol.asyncIterator]();
  let bytes = 0;
  const take = async () => {
    const { value, done } = await records.next();
    for (const record of value ?? []) bytes += record.length;
    return done !== true;
  };
  await take();
  const before = await recordFiles("p");
  await (await sourceOver(store, 100_000).open("p")).close();
  expect(await recordFiles("p")).toBe(before);
  while (await take());
  expect(bytes).toBeGreaterThan(4 * 600 * 4000);
  await (await sourceOver(store, 100_000).open("p")).close();
  expect(await recordFiles("p")).toBeLessThan(before);
  await store.close();
});

test("a large state that stands for many records is read a group at a time, as any log", async () => {
  const store = folderStore(dir);
  const first = await sourceOver(store).open("p");
  for (let i = 0; i < 6; i++) await fill(first, i + 2, 1500);
  await first.close();
  const second = await sourceOver(store, 100_000).open("p");
  for (let i = 0; i < 400; i++) {
    second.append({
      pageCount: 1500,
      pages: Array.from({ length: 10 }, (_, page) => ({ pageNumber: page + 1, data: noise(i, page) })),
    });
  }
  await second.close();
  await store.close();
  const again = folderStore(dir);
  const log = await again.open("p");
  const sizes: number[] = [];
  for await (const batch of log.records({ epoch: 0, sequence: 0 }))
    sizes.push(batch.reduce((sum, { length }) => sum + length, 0));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(15e6);
  expect(Math.max(...sizes)).toBeLessThan(5e6);
  await log.close();
  await again.close();
});

test("an opening that fails lets go of what it had opened", async () => {
  const store = folderStore(dir);
  const first = await sourceOver(store).open("p");
  for (let i = 0; i < 4; i++) await fill(first, i + 2, 600);
  await first.close();
  let closed = 0;
  let opened = 0;
  const failing: LogStore = Object.assign(Object.create(store), {
    scratch: () => store.scratch?.(),
    open: async (id: string) => {
      const log = await store.open(id);
      const snapshot = log.snapshot.bind(log);
      return Object.assign(log, {
        flushed: () => Promise.reject(new Error("disk full")),
        snapshot: async (...at: Parameters<typeof snapshot>) => {
          const found = await snapshot(...at);
          if (!found || !("file" in found)) return found;
          opened += 1;
          const close = () => {
            closed += 1;
            found.file.close();
          };
          return { position: found.position, file: { ...found.file, close } };
        },
      });
    },
  });
  for (let i = 0; i < 3; i++) await expect(sourceOver(failing).open("p")).rejects.toThrow("disk full");
  expect([opened, closed]).toEqual([3, 3]);
  await store.close();
});
