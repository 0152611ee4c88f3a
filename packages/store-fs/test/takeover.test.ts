/** T18: a process that was stopped anywhere, and goes on after another has taken the folder, acknowledges nothing, and nothing it writes is read. */
import { expect, test } from "vitest";
import { checksumOf, LogWriter, recordsOf } from "./support/log-writer.js";
import { SimulatedDisk } from "./support/simulated-disk.js";
import { packing, storeOn } from "./support/simulated-store.js";

/** The old owner's work, stopped before its n-th operation while somebody else takes over; false if it has no n-th. */
async function takeOver(n: number, journalBytes: number): Promise<boolean> {
  const disk = new SimulatedDisk();
  const acknowledged: Record<string, number[]> = { a: [], b: [], c: [] };
  let hasTaken = false;
  let mayBeDeleted = false;
  let count = 0;
  let taking: Promise<void> | undefined;
  const expected: Record<string, number[]> = {};

  const take = async () => {
    const store = storeOn(disk.fileSystem(), { maxJournalBytes: journalBytes, largeBytes: 300, packing: packing(200) });
    for (const id of ["a", "b"]) {
      const writer = new LogWriter(await store.open(id));
      const found = await recordsOf(store, id);
      hasTaken = true;
      expected[id] = [...found, checksumOf(writer.append(40)), checksumOf(writer.append(40))];
      await writer.flush();
    }
  };
  let isOpen = false;
  const fs = disk.fileSystem(() => {
    if (!isOpen) return undefined;
    count += 1;
    if (count === n) taking = take();
    return count >= n ? taking : undefined;
  });

  const old = storeOn(fs, { maxJournalBytes: journalBytes, largeBytes: 300, packing: packing(200) });
  const work = async () => {
    const [a, b] = [new LogWriter(await old.open("a")), new LogWriter(await old.open("b"))];
    isOpen = true; // whoever takes the folder later has it
    for (let i = 0; i < 6; i++) {
      for (const [id, writer] of [
        ["a", a],
        ["b", b],
      ] as const) {
        const record = checksumOf(writer.append(i === 2 ? 400 : 40));
        await writer.flush();
        expect(hasTaken, "acknowledged after the takeover").toBe(false);
        acknowledged[id]?.push(record);
      }
      if (i === 3) await a.log.putSnapshot(a.head, only(Uint8Array.of(1)));
    }
    await old.fork("a", a.head, "c");
    expect(hasTaken, "forked after the takeover").toBe(false);
    mayBeDeleted = true;
    await old.delete("b");
    expect(hasTaken, "deleted after the takeover").toBe(false);

    await old.close();
  };
  await work().catch((error) => {
    if (count < n) throw error;
    expect(error).toMatchObject({ code: expect.stringMatching(/HOLDFAST_(FENCED|STORE_FAILED)/) });
  });
  if (count < n) return false;
  await taking;
  await old.close().catch(() => undefined);
  const after = storeOn(disk.fileSystem());
  for (const id of ["a", "b"]) {
    const records = await recordsOf(after, id);
    expect(records, `object ${id}`).toEqual(expected[id]);
    if (id === "a" || !mayBeDeleted) expect(records.slice(0, acknowledged[id]?.length)).toEqual(acknowledged[id]);
  }
  return true;
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test("a takeover before every operation of the old owner, while it appends, moves, takes a snapshot, forks, deletes and closes", async () => {
  let takeovers = 0;
  for (const journalBytes of [300, 500, 900, 1 << 20]) {
    for (let n = 1; await takeOver(n, journalBytes); n++) takeovers += 1;
  }
  console.log(`${takeovers} takeovers: nothing acknowledged by the old owner, nothing of it read`);
  expect(takeovers).toBeGreaterThan(300);
});
