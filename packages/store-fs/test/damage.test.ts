/** T6: damage that no crash explains is refused, and nothing is changed; a torn end is passed over. */
import { describe, expect, test } from "vitest";
import { checksumOf, LogWriter, recordsOf } from "./support/log-writer.js";
import { mortal } from "./support/mortal.js";
import { SimulatedDisk } from "./support/simulated-disk.js";
import { packing, storeOn } from "./support/simulated-store.js";

/** A disk on which some records of two objects were acknowledged, some of them moved to the objects' files; the process died, or closed. */
async function filledDisk(isClosed: boolean, mergedBytes = 0) {
  const disk = new SimulatedDisk();
  const asked: Record<string, number[]> = { a: [], b: [] };
  for (let process = 0; process < 2; process++) {
    const { fs, kill } = mortal(disk);
    const sizes = { maxJournalBytes: process === 0 ? 500 : 1 << 20, largeBytes: 300, packing: packing(200), mergedBytes };
    const store = storeOn(fs, sizes);
    for (const id of ["a", "b"]) {
      const writer = new LogWriter(await store.open(id));
      for (let i = 0; i < 4; i++) {
        asked[id]?.push(checksumOf(writer.append(i === 2 ? 250 : 30)));
        await writer.flush();
      }
    }
    if (process === 0 || isClosed) await store.close();
    kill();
  }
  return { disk, asked };
}

/** What a process reads there: the records of each object, or the code of the error. */
async function found(disk: SimulatedDisk): Promise<Record<string, number[]> | string> {
  const store = storeOn(disk.fileSystem());
  try {
    return { a: await recordsOf(store, "a"), b: await recordsOf(store, "b") };
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const copyOf = (disk: SimulatedDisk) => disk.crashed(disk.operations.length, { isKept: () => true, isSectorKept: () => true });

describe.each([
  ["closed in order", true, 0],
  ["closed in order, its files merged", true, 1 << 20],
  ["of a process that died", false, 0],
])("every byte of every file of a folder %s, one at a time", (_what, isClosed, mergedBytes) => {
  test("is refused, or changes nothing", async () => {
    const { disk, asked } = await filledDisk(isClosed, mergedBytes);
    const counts = { refused: 0, withoutEffect: 0, finalBatch: 0 };
    for (const [path, bytes] of disk.contents()) {
      for (let at = 0; at < bytes.length; at++) {
        const damaged = copyOf(disk);
        damaged.damage(path, (all) => all.map((byte, i) => (i === at ? byte ^ 0x40 : byte)));
        const result = await found(damaged);
        if (typeof result === "string") {
          expect(result).toBe("HOLDFAST_LOG_CORRUPT");
          counts.refused += 1;
        } else if (JSON.stringify(result) === JSON.stringify(asked)) counts.withoutEffect += 1;
        else {
          // The one case that looks like a crash: the last batch of a process that died.
          expect([path.includes("/journal-"), result]).toEqual([true, { a: asked["a"], b: asked["b"]?.slice(0, -1) }]);
          counts.finalBatch += 1;
        }
      }
    }
    console.log(`${_what}: ${JSON.stringify(counts)}`);
    expect(counts.refused).toBeGreaterThan(500);
    expect(counts.finalBatch === 0).toBe(isClosed);
  });
});

test("a refused folder is as it was, and says where", async () => {
  const { disk } = await filledDisk(true);
  const path = "/d/objects/a/00000001.log";
  disk.damage(path, (bytes) => bytes.fill(0, 150, 160));
  const before = [...disk.contents()];
  await expect(storeOn(disk.fileSystem()).open("a")).rejects.toMatchObject({
    code: "HOLDFAST_LOG_CORRUPT",
    message: expect.stringContaining(`${path} is damaged at byte`),
  });
  const changed = [...disk.contents()].filter(([name]) => !name.startsWith("/d/epoch-") && !name.startsWith("/d/journal-"));
  expect(changed).toEqual(before.filter(([name]) => !name.startsWith("/d/epoch-")));
});

test("a file that is gone, and one that is shorter than it was", async () => {
  const { disk, asked } = await filledDisk(true);
  for (const change of [
    async (damaged: SimulatedDisk) => damaged.fileSystem().remove("/d/objects/a/00000001.log"),
    async (damaged: SimulatedDisk) => damaged.damage("/d/objects/a/00000001.log", (bytes) => bytes.subarray(0, bytes.length / 2)),
  ]) {
    const damaged = copyOf(disk);
    await change(damaged);
    expect(await found(damaged)).toBe("HOLDFAST_LOG_CORRUPT");
  }
  expect(await found(disk)).toEqual(asked);
});

test("the torn end of a journal is passed over, kept in lost+found, and never read again", async () => {
  const { disk, asked } = await filledDisk(false);
  const journal = [...disk.contents().keys()]
    .filter((path) => path.includes("/journal-"))
    .sort()
    .at(-1) as string;
  const whole = disk.contents().get(journal) as Uint8Array;
  disk.damage(journal, (bytes) => bytes.subarray(0, bytes.length - 20));
  const store = storeOn(disk.fileSystem());
  const writer = new LogWriter(await store.open("b"));
  const expected = [...(asked["b"]?.slice(0, -1) ?? []), checksumOf(writer.append())];
  await writer.flush();
  expect([...disk.contents().keys()].filter((path) => path.startsWith("/d/lost+found/")).length).toBe(1);
  if (disk.contents().has(journal)) disk.damage(journal, () => whole); // whoever wrote it goes on after all
  expect(await recordsOf(storeOn(disk.fileSystem()), "b")).toEqual(expected);
});
