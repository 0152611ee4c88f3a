/** T18: a process that was stopped anywhere, and goes on after another has taken the folder, acknowledges nothing, and nothing it writes is read. */
import { describe, expect, test } from "vitest";
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

/** A process that opens an object, appends and is closed, or is left as it is. */
async function written(disk: SimulatedDisk, isClosed = true) {
  const store = storeOn(disk.fileSystem());
  const writer = new LogWriter(await store.open("a"));
  writer.append(40);
  await writer.flush();
  if (isClosed) await store.close();
  return writer;
}

/** Stops at the first operation of a kind until it is told to go on. */
function stopsAt(disk: SimulatedDisk, isIt: (operation: string) => boolean) {
  let goOn!: () => void;
  const stopped = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const state = { isStopped: false, goOn };
  const fs = disk.fileSystem((operation) => {
    if (state.isStopped || !isIt(operation)) return;
    state.isStopped = true;
    return stopped;
  });
  return { fs, state };
}

describe("T18: an owner that writes its epoch's file when several others have come, and have removed it", () => {
  test.each([
    ["makes it", "create /d/epoch-00000002"],
    ["says what counts", "rename /d/epoch-00000002.tmp"],
  ])("stopped before it %s", async (_what, operation) => {
    const disk = new SimulatedDisk();
    await written(disk);
    const { fs, state } = stopsAt(disk, (one) => one === operation);
    const opening = storeOn(fs).open("a");
    await expect.poll(() => state.isStopped).toBe(true);
    for (let i = 0; i < 2; i++) await written(disk);
    const live = await written(disk, false);
    state.goOn();
    const acknowledged = await opening.then(
      async (log) => {
        const writer = new LogWriter(log);
        const record = checksumOf(writer.append(77));
        await writer.flush();
        return record;
      },
      () => undefined,
    );
    live.append(40);
    const refused = await live.flush().catch((error) => error.code);
    // Either it is told that it was too late, or it is the newest owner, and the one before it knows.
    if (acknowledged === undefined) expect(refused).toBeUndefined();
    else expect(refused).toBe("HOLDFAST_FENCED");
    const found = await recordsOf(storeOn(disk.fileSystem()), "a");
    if (acknowledged !== undefined) expect(found).toContain(acknowledged);
  });

  test("stopped while it tells which journals still count", async () => {
    const disk = new SimulatedDisk();
    let isArmed = false;
    const { fs, state } = stopsAt(disk, (one) => isArmed && one === "rename /d/epoch-00000001.tmp");
    const writer = new LogWriter(await storeOn(fs, { maxJournalBytes: 300 }).open("a"));
    isArmed = true;
    for (let i = 0; i < 100 && !state.isStopped; i++) {
      writer.append(40);
      await writer.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(state.isStopped).toBe(true);
    for (let i = 0; i < 2; i++) await written(disk);
    state.goOn();
    await new Promise((resolve) => setTimeout(resolve, 10));
    writer.append(40);
    await expect(writer.flush()).rejects.toMatchObject({ code: "HOLDFAST_FENCED" });
  });
});
