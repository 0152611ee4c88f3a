/** T16: a write or a sync that fails. */
import { describe, expect, test } from "vitest";
import type { FileSystem } from "../src/file-system.js";
import { checksumOf, LogWriter, recordsOf } from "./support/log-writer.js";
import { DROP_ALL, SimulatedDisk } from "./support/simulated-disk.js";
import { packing, storeOn } from "./support/simulated-store.js";

/** A file system whose n-th operation fails; a failed write has written half. */
function failing(disk: SimulatedDisk, nth: number): { readonly fs: FileSystem; readonly failed: () => string | undefined } {
  let count = 0;
  let failed: string | undefined;
  const fs = disk.fileSystem((operation) => {
    count += 1;
    if (count !== nth) return;
    failed = operation;
    throw Object.assign(new Error(`EIO: ${operation}`), { code: "EIO" });
  });
  return { fs, failed: () => failed };
}

describe("the n-th operation fails, for every n", () => {
  test("nothing acknowledged is lost, nothing else is acknowledged, and the next opening goes on, also after a power loss", async () => {
    let n = 1;
    const kinds = new Set<string>();
    for (; ; n++) {
      const disk = new SimulatedDisk();
      const { fs, failed } = failing(disk, n);
      const store = storeOn(fs, { maxJournalBytes: 700, largeBytes: 300, packing: packing(200) });
      const acknowledged: Record<string, number[]> = { a: [], b: [] };
      const attempt = async (id: string, rounds: number) => {
        try {
          const writer = new LogWriter(await store.open(id));
          // What an opening finds it keeps; unacknowledged records of a failed one may be among it.
          const found = await recordsOf(store, id);
          expect(found.slice(0, acknowledged[id]?.length)).toEqual(acknowledged[id]);
          acknowledged[id] = found;
          for (let i = 0; i < rounds; i++) {
            const record = writer.append(i === 1 ? 400 : 50);
            await writer.flush();
            acknowledged[id].push(checksumOf(record));
          }
        } catch (error) {
          expect(failed(), String(error)).toBeDefined();
          expect((error as { code?: unknown }).code).toBe("HOLDFAST_STORE_FAILED");
        }
      };
      for (const id of ["a", "b", "a", "b", "a"]) await attempt(id, 3);
      const dropped = storeOn(disk.crashed(disk.operations.length, DROP_ALL).fileSystem());
      for (const id of ["a", "b"]) {
        const records = await recordsOf(dropped, id);
        expect(records.slice(0, acknowledged[id]?.length), `operation ${n}, object ${id}`).toEqual(acknowledged[id]);
      }
      await store.close().catch((error) => expect(failed(), String(error)).toBeDefined());
      const kind = failed()?.replace(/ .*/, "");
      if (kind === undefined) break;
      kinds.add(kind);
    }
    console.log(`${n - 1} operations failed, one at a time: ${[...kinds].sort().join(", ")}`);
    expect([...kinds].sort()).toEqual(["create", "createNow", "datasync", "remove", "rename", "syncFolder", "write"]);
  });
});

test("a failed sync resets every object that waited for it, and is not tried again", async () => {
  const disk = new SimulatedDisk();
  let fail = false;
  const syncs: string[] = [];
  const fs = disk.fileSystem((operation) => {
    if (operation.startsWith("datasync")) syncs.push(operation);
    if (fail && operation.startsWith("datasync")) throw new Error("EIO");
  });
  const store = storeOn(fs);
  const [a, b] = [new LogWriter(await store.open("a")), new LogWriter(await store.open("b"))];
  const kept = checksumOf(a.append());
  await a.flush();
  fail = true;
  for (const writer of [a, b]) writer.append();
  const results = await Promise.allSettled([a.flush(), b.flush()]);
  for (const result of results) expect(result).toMatchObject({ status: "rejected", reason: { code: "HOLDFAST_STORE_FAILED" } });
  const before = syncs.length;
  a.append();
  await expect(a.flush()).rejects.toMatchObject({ code: "HOLDFAST_STORE_FAILED" });
  expect(syncs.length).toBe(before);
  fail = false;
  expect(await recordsOf(store, "a")).toEqual([kept]); // not the rescan: the bytes behind are in the file
  const again = new LogWriter(await store.open("a"));
  expect(await recordsOf(store, "a")).toEqual([kept]);
  again.append();
  await again.flush();
});

test("a replacement whose name could not be synced ends the ownership, and loses nothing", async () => {
  const disk = new SimulatedDisk();
  let fail = false;
  const fs = disk.fileSystem((operation) => {
    if (fail && operation.startsWith("syncFolder /d/objects/a")) throw new Error("EIO");
  });
  const store = storeOn(fs);
  const first = new LogWriter(await store.open("a"));
  const expected = Array.from({ length: 6 }, () => checksumOf(first.append(80)));
  await first.flush();
  await first.log.close();
  const second = new LogWriter(await store.open("a"));
  expected.push(checksumOf(second.append()));
  await second.flush();
  fail = true;
  const { head } = first;
  await expect(second.log.replace({ first: head, last: head }, none())).rejects.toMatchObject({ code: "HOLDFAST_STORE_FAILED" });
  fail = false;
  const third = new LogWriter(await store.open("a"));
  const found = await recordsOf(store, "a");
  expect([expected, expected.filter((one) => one !== head.checksum)]).toContainEqual(found);
  found.push(checksumOf(third.append()));
  await third.flush();
  await store.close();
  expect(await recordsOf(storeOn(disk.crashed(disk.operations.length, DROP_ALL).fileSystem()), "a")).toEqual(found);
});

async function* none(): AsyncGenerator<Uint8Array> {}

test("a deletion that was moved by a process that was killed before the name was synced is not forgotten", async () => {
  const disk = new SimulatedDisk();
  const first = storeOn(disk.fileSystem());
  const writer = new LogWriter(await first.open("x"));
  writer.append();
  await writer.flush();
  await first.close();
  let reached!: () => void;
  const dying = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const second = storeOn(
    disk.fileSystem((operation) => {
      if (operation !== "syncFolder /d/objects/x") return undefined;
      reached();
      return new Promise(() => {});
    }),
  );
  await second.delete("x");
  second.close(); // never ends
  await dying;
  const third = storeOn(disk.fileSystem());
  await third.open("y");
  await third.close();
  const after = storeOn(disk.crashed(disk.operations.length, DROP_ALL).fileSystem());
  expect(await recordsOf(after, "x")).toEqual([]);
  for await (const id of after.list()) expect.unreachable(id);
});
