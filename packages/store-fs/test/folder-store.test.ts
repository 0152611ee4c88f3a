import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAGE_SIZE, type Timeline } from "@holdfast/core/contract";
import { timelineSource } from "@holdfast/timeline";
import { type LogStore, NO_POSITION } from "@holdfast/timeline/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderStore } from "../src/index.js";
import { FOOTER_BYTES } from "../src/log-file.js";
import { folderName, idFromFolderName, readFolder } from "../src/object-folder.js";

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

/** A store as another process would have it. */
function newStore(): LogStore {
  const store = folderStore(dir);
  stores.push(store);
  return store;
}

let randomByte = 0;
const open = (store = newStore()) =>
  timelineSource({ store, now: () => 1, random: (count) => new Uint8Array(count).fill(++randomByte) }).open("a");

const write = (timeline: Timeline, byte: number) =>
  timeline.append({ pageCount: 1, pages: [{ pageNumber: 1, data: new Uint8Array(PAGE_SIZE).fill(byte) }] });

async function read(timeline: Timeline): Promise<number | undefined> {
  const image = await timeline.image();
  return image.pageCount === 0 ? undefined : image.read(1)[0];
}

const file = (epoch: number) => join(dir, "objects", "a", `${epoch.toString(16).padStart(8, "0")}.log`);

/** A session that writes some bytes, each durable, and then dies without closing; returns the file's length after each. */
async function session(...bytes: number[]): Promise<number[]> {
  const timeline = await open();
  const lengths: number[] = [];
  for (const byte of bytes) {
    await timeline.flushed(write(timeline, byte));
    lengths.push((await readFile(file(timeline.epoch))).length);
  }
  return lengths;
}

describe("a process that died", () => {
  test("everything acknowledged is there", async () => {
    await session(1, 2, 3);
    expect(await read(await open())).toBe(3);
  });

  test("T6, T18: a torn tail, cut at every byte, is passed over and never read again", async () => {
    const [first, second] = (await session(1, 2)) as [number, number];
    const whole = await readFile(file(1));
    for (let length = first; length < second; length += 7) {
      await rm(join(dir, "objects"), { recursive: true });
      await session(1, 2);
      await truncate(file(1), length);
      const timeline = await open();
      expect(await read(timeline), `cut at ${length}`).toBe(1);
      await timeline.flushed(write(timeline, 9));
      await appendFile(file(1), whole.subarray(length)); // a stale writer goes on after all
      expect(await read(await open()), `cut at ${length}, then written`).toBe(9);
    }
  });

  test("garbage behind the last record is passed over", async () => {
    await session(1);
    await appendFile(file(1), Buffer.alloc(100, 0x5a));
    expect(await read(await open())).toBe(1);
  });

  test("an opening that died before its header was written leaves the log as it was", async () => {
    await session(1);
    await writeFile(file(2), "");
    const timeline = await open();
    expect([timeline.epoch, await read(timeline)]).toEqual([3, 1]);
    await timeline.flushed(write(timeline, 3));
    // It was only stalled, and goes on: with its header, and with records of its own.
    await writeFile(
      file(2),
      (await readFile(file(1))).map((byte, i) => (i === 12 ? 2 : byte)),
    );
    expect(await read(await open())).toBe(3);
  });
});

describe("T6: damage that no crash explains is refused, and nothing is changed", () => {
  const damaged = expect.objectContaining({ code: "HOLDFAST_LOG_CORRUPT", message: expect.stringContaining("00000001.log") });

  test("in front of an undamaged record", async () => {
    const [first] = (await session(1, 2, 3)) as [number];
    const bytes = await readFile(file(1));
    bytes[first + 90] = (bytes[first + 90] ?? 0) ^ 1;
    await writeFile(file(1), bytes);
    const before = await readdir(join(dir, "objects", "a"));
    await expect(open()).rejects.toEqual(damaged);
    expect(await readdir(join(dir, "objects", "a"))).toEqual(before);
    expect(await readFile(file(1))).toEqual(bytes);
  });

  test("in the last record of a file that was closed in order", async () => {
    const timeline = await open();
    write(timeline, 1);
    await timeline.close();
    const bytes = await readFile(file(1));
    const at = bytes.length - FOOTER_BYTES - 5;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file(1), bytes);
    await expect(open()).rejects.toEqual(damaged);
  });

  test("in a record that a later opening vouched for; one that it copied may be damaged", async () => {
    const [first] = (await session(1, 2)) as [number];
    await session(3);
    const flip = async (at: number) => {
      const bytes = await readFile(file(1));
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(file(1), bytes);
    };
    await flip(first + 5);
    expect(await read(await open())).toBe(3);
    await flip(first - 5);
    await expect(open()).rejects.toEqual(damaged);
  });

  test("a file shorter than a later opening vouched for; what it never saw synced may be lost from the older file", async () => {
    const [first] = (await session(1, 2)) as [number];
    await session(3);
    await truncate(file(1), first); // the power failed before the second write of the first session reached the disk
    expect(await read(await open())).toBe(3);
    await truncate(file(1), first - 1);
    await expect(open()).rejects.toEqual(damaged);
  });

  test("in a record that an opening copied, and in a file that is gone", async () => {
    await session(1, 2);
    await session(3);
    const whole = await readFile(file(2));
    const bytes = Buffer.from(whole);
    const copied = bytes.indexOf("HFR1");
    bytes[copied + 80] = (bytes[copied + 80] ?? 0) ^ 1;
    await writeFile(file(2), bytes);
    await expect(open()).rejects.toMatchObject({
      code: "HOLDFAST_LOG_CORRUPT",
      message: expect.stringContaining("00000002.log"),
    });
    await writeFile(file(2), whole);
    expect(await read(await open())).toBe(3);
    await rm(file(1));
    await expect(open()).rejects.toEqual(damaged);
  });

  test("every byte of a closed log, one at a time: refused, or read as it was", async () => {
    const timeline = await open();
    for (let i = 0; i < 5; i++) timeline.append({ pageCount: 0, pages: [], meta: { alarm: i } });
    await timeline.close();
    const next = await open();
    await next.close();
    const bytes = await readFile(file(1));
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      await writeFile(file(1), changed);
      const reader = await newStore()
        .read("a")
        .catch((error: { code: string }) => error.code);
      if (typeof reader === "string") {
        expect(reader).toBe("HOLDFAST_LOG_CORRUPT");
        refused += 1;
      } else expect(reader.head).toEqual(next.head);
    }
    console.log(`closed log: ${bytes.length} bytes flipped, ${refused} refused, ${bytes.length - refused} without effect`);
    expect(refused).toBeGreaterThanOrEqual(bytes.length - FOOTER_BYTES);
  });
});

describe("a batch that was not synced", () => {
  /** One write of several records; a sector in the middle of them did not reach the disk. */
  test("is passed over from its first damaged record on, also if later records are whole", async () => {
    const timeline = await open();
    await timeline.flushed(write(timeline, 1));
    const acknowledged = (await readFile(file(1))).length;
    for (const byte of [2, 3, 4, 5]) write(timeline, byte);
    await timeline.flushed(timeline.head);
    const bytes = await readFile(file(1));
    const record = (bytes.length - acknowledged) / 4;
    bytes.fill(0, acknowledged + 2 * record - 600, acknowledged + 2 * record - 88);
    // Appends were coalesced: the first of the four went alone, and a later record knew it to be durable.
    await writeFile(file(1), bytes);
    expect(await read(await open())).toBe(2);
  });

  test("a page that holds one of our own records does not make a torn commit look like damage", async () => {
    await session(1);
    const own = await readFile(file(1));
    const timeline = await open();
    await timeline.flushed(write(timeline, 2));
    const acknowledged = (await readFile(file(2))).length;
    const page = new Uint8Array(PAGE_SIZE).fill(7);
    page.set(own.subarray(own.length - 4000), 50);
    await timeline.flushed(timeline.append({ pageCount: 1, pages: [{ pageNumber: 1, data: page }] }));
    const bytes = await readFile(file(2));
    bytes.fill(0, acknowledged, acknowledged + 20);
    await writeFile(file(2), bytes);
    expect(await read(await open())).toBe(2);
  });
});

describe("T16: a failed write", () => {
  test("what this process knows of it counts, not what the file says", async () => {
    const [first] = (await session(1, 2)) as [number];
    const folder = join(dir, "objects", "a");
    const { head, carried } = await readFolder(folder, new Map([[1, first]]));
    expect([head.sequence, carried.length]).toEqual([1, 0]);
    const without = await readFolder(folder, new Map());
    expect([without.head.sequence, without.carried.length]).toEqual([2, 1]);
  });

  test("fails what was not acknowledged and everything after, and the next opening has what was", async () => {
    const store = newStore();
    const log = await store.open("a");
    const timeline = await open(store); // fences `log`
    await timeline.flushed(write(timeline, 1));
    await rm(join(dir, "objects", "a"), { recursive: true }); // the check after the sync finds no folder
    const lost = write(timeline, 2);
    await expect(timeline.flushed(lost)).rejects.toMatchObject({ code: "HOLDFAST_STORE_FAILED" });
    expect(() => write(timeline, 3)).toThrow(expect.objectContaining({ code: "HOLDFAST_STORE_FAILED" }));
    await log.close();
  });
});

describe("two stores on one folder", () => {
  test("the second opening takes the object; the first acknowledges nothing more", async () => {
    const first = await open();
    await first.flushed(write(first, 1));
    const second = await open();
    const lost = write(first, 2);
    await expect(first.flushed(lost)).rejects.toMatchObject({ code: "HOLDFAST_FENCED" });
    await second.flushed(write(second, 3));
    await second.close();
    expect(await read(await open())).toBe(3);
  });

  test("openings, deletions and forks of one object at once: whatever is acknowledged is there, or the object was deleted after", async () => {
    for (let round = 0; round < 20; round++) {
      const [one, two] = [newStore(), newStore()];
      await Promise.all([one.open("a"), two.delete("a"), two.open("a"), one.delete("a"), two.open("a")]);
      const source = await open();
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
      expect(await read(await open())).toBe(2);
    }
  });

  test("a reader never fences", async () => {
    const writer = await open();
    await writer.flushed(write(writer, 1));
    const reader = await newStore().read("a");
    await writer.flushed(write(writer, 2));
    const records: Uint8Array[] = [];
    for await (const record of reader.records(NO_POSITION)) records.push(record);
    expect(records.length).toBe(2); // the opening and the first commit: what there was when it looked
  });
});

test("a relative folder, of one letter, several levels of which are missing", async () => {
  const before = process.cwd();
  process.chdir(dir);
  try {
    for (const relative of ["d", "./e/f/g"]) {
      const store = folderStore(relative);
      stores.push(store);
      const timeline = await open(store);
      await timeline.flushed(write(timeline, 1));
      expect(await readdir(join(dir, relative))).toEqual(["objects"]);
      await store.close();
    }
  } finally {
    process.chdir(before);
  }
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
