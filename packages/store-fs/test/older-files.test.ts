/** Files of older owners become part of the next one's, and groups are packed: nobody who reads notices. */
import { expect, test } from "vitest";
import { checksumOf, endOf, LogWriter, recordsOf } from "./support/log-writer.js";
import { SimulatedDisk } from "./support/simulated-disk.js";
import { packing, type SimulatedOptions, storeOn } from "./support/simulated-store.js";

const FOLDER = "/d/objects/a";

const logsOn = (disk: SimulatedDisk): string[] => [...disk.contents().keys()].filter((path) => path.endsWith(".log"));

const bytesOn = (disk: SimulatedDisk): number =>
  logsOn(disk).reduce((sum, path) => sum + (disk.contents().get(path)?.length ?? 0), 0);

/** One owner of the folder, which appends records with bodies of some bytes to an object; their checksums. */
async function owner(disk: SimulatedDisk, sizes: readonly number[], options: SimulatedOptions = {}): Promise<number[]> {
  const store = storeOn(disk.fileSystem(), options);
  const writer = new LogWriter(await store.open("a"));
  const appended = sizes.map((bytes) => checksumOf(writer.append(bytes)));
  await writer.flush();
  await store.close();
  return appended;
}

test("an object has about as many files as the doublings of its log, however many owners there were", async () => {
  const disk = new SimulatedDisk();
  const all: number[] = [];
  for (let i = 1; i <= 200; i++) {
    all.push(...(await owner(disk, [1000, 50])));
    expect(logsOn(disk).length, `after ${i} owners`).toBeLessThan(3 + Math.log2(1 + (i * 1050) / 16_384));
  }
  expect(await recordsOf(storeOn(disk.fileSystem()), "a")).toEqual(all);
});

test("what is large, or was written before something larger, is not written again", async () => {
  const disk = new SimulatedDisk();
  const none = { packing: packing(Number.POSITIVE_INFINITY) };
  const thousands = (count: number) => Array.from({ length: count }, () => 1000);
  await owner(disk, thousands(40), none);
  const [large] = logsOn(disk) as [string];
  const before = disk.contents().get(large);
  for (let i = 0; i < 15; i++) await owner(disk, [1000], none);
  expect(disk.contents().get(large)).toBe(before);
  await owner(disk, thousands(60), none);
  expect(logsOn(disk)).toEqual([`${FOLDER}/00000011.log`]);
  expect((await recordsOf(storeOn(disk.fileSystem()), "a")).length).toBe(115);
});

test.each([
  ["read whole", 1 << 20],
  ["read from their ends", 0],
])("packed and merged logs, %s: every record, from every place", async (_what, wholeBytes) => {
  const disk = new SimulatedDisk();
  const options = { wholeBytes, packing: packing(100), mergedBytes: 6000, maxJournalBytes: 2000 };
  const all: number[] = [];
  for (const sizes of [[1500, 20, 700], [10], [], [900, 900, 900, 900], [3], [20, 20, 20], [5000], [1], [2]]) {
    all.push(...(await owner(disk, sizes, options)));
  }
  const isPacked = (bytes: Uint8Array) => Buffer.from(bytes).includes("HFZ1");
  expect(logsOn(disk).some((path) => isPacked(disk.contents().get(path) as Uint8Array))).toBe(true);
  expect(bytesOn(disk)).toBeLessThan(3500); // of 11,000 in the records' bodies
  const store = storeOn(disk.fileSystem(), options);
  expect(await recordsOf(store, "a")).toEqual(all);
  for (let first = 0; first < all.length; first++) {
    const reader = await store.read("a");
    expect(await endOf(reader, first), `from record ${first}`).toEqual(all.slice(first));
  }
});

test("a damaged older file is left where it is, and is refused as before", async () => {
  const disk = new SimulatedDisk();
  await owner(disk, [100, 100], { mergedBytes: 0 });
  await owner(disk, [100], { mergedBytes: 0 });
  disk.damage(`${FOLDER}/00000001.log`, (bytes) => bytes.fill(0, 150, 160));
  await expect(owner(disk, [100])).rejects.toMatchObject({ code: "HOLDFAST_LOG_CORRUPT" });
  expect(logsOn(disk)).toEqual([`${FOLDER}/00000001.log`, `${FOLDER}/00000002.log`]);
});

test("one torn file does not keep those behind it from being merged", async () => {
  const disk = new SimulatedDisk();
  await owner(disk, [50, 50]);
  disk.damage(`${FOLDER}/00000001.log`, (bytes) => Uint8Array.from([...bytes, ...new Uint8Array(40)]));
  for (let i = 0; i < 30; i++) await owner(disk, [50]);
  expect(logsOn(disk).length).toBeLessThan(6);
  expect((await recordsOf(storeOn(disk.fileSystem()), "a")).length).toBe(32);
});

test.each(["after the next owner's file is there", "before it is there"])(
  "T18: an owner that was replaced while it merged, and whose file appears %s",
  async (when) => {
    const none = packing(Number.POSITIVE_INFINITY);
    const disk = new SimulatedDisk();
    const all = await owner(disk, [9000], { packing: none, mergedBytes: 0 });
    all.push(...(await owner(disk, [100], { packing: none, mergedBytes: 0 })));
    const options = { packing: none, mergedBytes: 12_000, maxJournalBytes: 900 };
    let goOn!: () => void;
    const stopped = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let isStopped = false;
    const stale = storeOn(
      disk.fileSystem((operation) => {
        if (isStopped || !operation.startsWith(`rename ${FOLDER}/00000003.log`)) return;
        isStopped = true;
        return stopped;
      }),
      options,
    );
    const writer = new LogWriter(await stale.open("a"));
    all.push(checksumOf(writer.append(1000)));
    await writer.flush();
    await expect.poll(() => isStopped).toBe(true);
    all.push(checksumOf(writer.append(3000)));
    await writer.flush();
    let hasGoneOn = false;
    const finish = async () => {
      if (hasGoneOn) return;
      hasGoneOn = true;
      goOn();
      await stale.close().catch((error) => expect(error).toMatchObject({ code: "HOLDFAST_FENCED" }));
    };
    const next = storeOn(
      disk.fileSystem((operation) =>
        when === "before it is there" && operation.startsWith(`rename ${FOLDER}/00000004.log`) ? finish() : undefined,
      ),
      options,
    );
    const after = new LogWriter(await next.open("a"));
    all.push(checksumOf(after.append(30)));
    await after.flush();
    await next.close();
    await finish();
    expect(await recordsOf(storeOn(disk.fileSystem()), "a")).toEqual(all);
    all.push(...(await owner(disk, [10], options)));
    expect(await recordsOf(storeOn(disk.fileSystem()), "a")).toEqual(all);
  },
);
