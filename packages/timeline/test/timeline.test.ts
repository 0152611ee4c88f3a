import { type CommitMeta, PAGE_SIZE, type Timeline } from "@holdfast/core/contract";
import { beforeEach, describe, expect, test } from "vitest";
import type { LogStore } from "../src/contract.js";
import { memoryStore, timelineSource } from "../src/index.js";
import { LogTimeline } from "../src/timeline/log-timeline.js";

const page = (byte: number) => new Uint8Array(PAGE_SIZE).fill(byte);

let store: LogStore;
let now: number;
let randomByte: number;
const parts = () => ({ store, now: () => now, random: (count: number) => new Uint8Array(count).fill(++randomByte) });
const open = (id = "a") => timelineSource(parts()).open(id);

/** Writes a one-page database that holds a byte. */
const write = (timeline: Timeline, byte: number, meta?: CommitMeta) =>
  timeline.append({ pageCount: 1, pages: [{ pageNumber: 1, data: page(byte) }], ...(meta && { meta }) });

/** The byte at the head, or at a position; `undefined` for an empty database. */
async function read(timeline: Timeline, at = timeline.head): Promise<number | undefined> {
  const image = await timeline.image(at);
  return image.pageCount === 0 ? undefined : image.read(1)[0];
}

beforeEach(() => {
  store = memoryStore();
  now = 1_750_000_000_000;
  randomByte = 0;
});

describe("positions", () => {
  test("T1: an opening advances epoch and checksum, not the txid", async () => {
    const first = await open();
    expect(first.head).toMatchObject({ epoch: 1, sequence: 0, txid: 0 });
    write(first, 1);
    const last = write(first, 2);
    expect(last).toMatchObject({ epoch: 1, sequence: 2, txid: 2 });
    await first.close();
    const second = await open();
    expect(second.head).toMatchObject({ epoch: 2, sequence: 0, txid: 2, incarnation: last.incarnation });
    expect(second.head.checksum).not.toBe(last.checksum);
  });

  test("T2: a deleted object comes back as another, to which no old bookmark belongs", async () => {
    const before = await open();
    const bookmark = before.bookmark(write(before, 1));
    await before.close();
    await store.delete("a");
    const after = await open();
    expect(after.epoch).toBeGreaterThan(before.epoch);
    expect(after.head.incarnation).not.toBe(before.head.incarnation);
    expect(await after.resolveBookmark(bookmark)).toEqual({ kind: "unknown" });
    expect(await read(after)).toBeUndefined();
  });

  test("T9: wall time never goes backwards, the clock's own reading is kept beside", async () => {
    const timeline = await open();
    const first = write(timeline, 1);
    now -= 5000;
    const second = write(timeline, 2);
    expect(second.wallMs).toBe(first.wallMs);
    now += 10_000;
    expect(write(timeline, 3).wallMs).toBe(first.wallMs + 5000);
  });

  test("T9: a clock that was far ahead, and was set right, does not stop time", async () => {
    const YEAR = 365 * 24 * 60 * 60 * 1000;
    const timeline = await open();
    const before = write(timeline, 1);
    now += 2 * YEAR;
    const ahead = write(timeline, 2);
    now += 1000 - 2 * YEAR;
    const after = write(timeline, 3);
    now += 1000;
    const last = write(timeline, 4);
    expect([ahead.wallMs - before.wallMs, after.wallMs - before.wallMs]).toEqual([2 * YEAR, 1000]);
    expect([after.txid, after.sequence]).toEqual([ahead.txid + 1, ahead.sequence + 2]);
    await timeline.flushed(last);
    for (const [ms, expected] of [
      [before.wallMs, before],
      [after.wallMs, after],
      [after.wallMs + 500, after],
      [last.wallMs + 5, last],
      [ahead.wallMs, last],
    ] as const) {
      expect(await timeline.resolveTime(ms)).toEqual(expected);
    }
    const kinds: string[] = [];
    for await (const { kind } of timeline.entries({})) kinds.push(kind);
    expect(kinds).toEqual(["open", "commit", "commit", "clock", "commit", "commit"]);
    await timeline.close();
    expect(await read(await open())).toBe(4);
  });
});

describe("bookmarks", () => {
  test("T3: have the platform's form, sort as their positions do, and lead back to them", async () => {
    const bookmarks: string[] = [];
    for (let session = 0; session < 3; session++) {
      const timeline = await open();
      bookmarks.push(timeline.bookmark(timeline.head));
      for (let i = 0; i < 20; i++) bookmarks.push(timeline.bookmark(write(timeline, i)));
      bookmarks.push(timeline.undoBookmark());
      await timeline.close();
    }
    for (const bookmark of bookmarks) expect(bookmark).toMatch(/^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/);
    expect([...bookmarks].sort()).toEqual(bookmarks);
    const timeline = await open();
    for (const bookmark of bookmarks) {
      const found = await timeline.resolveBookmark(bookmark);
      if (found.kind !== "position") throw new Error(`${bookmark} is ${found.kind}`);
      if (!bookmark.includes("-ffffffff-")) expect(timeline.bookmark(found.position)).toBe(bookmark);
    }
  });

  test("T3: of another object, altered, or no bookmark at all", async () => {
    const timeline = await open();
    const other = await open("b");
    const bookmark = timeline.bookmark(write(timeline, 1));
    expect(await other.resolveBookmark(bookmark)).toEqual({ kind: "unknown" });
    for (let i = bookmark.length - 32; i < bookmark.length; i++) {
      const altered = `${bookmark.slice(0, i)}${bookmark[i] === "0" ? "1" : "0"}${bookmark.slice(i + 1)}`;
      expect(await timeline.resolveBookmark(altered), `digit ${i}`).toEqual({ kind: "unknown" });
    }
    for (const text of ["", "x", bookmark.toUpperCase() === bookmark ? "x" : bookmark.toUpperCase(), `${bookmark} `]) {
      expect(await timeline.resolveBookmark(text)).toEqual({ kind: "malformed" });
    }
  });

  test("the undo bookmark is the last commit of its epoch, whichever it turned out to be", async () => {
    const timeline = await open();
    const undo = timeline.undoBookmark();
    const last = write(timeline, 1);
    await timeline.close();
    expect(await (await open()).resolveBookmark(undo)).toEqual({ kind: "position", position: last });
  });
});

describe("time", () => {
  test("the newest position at or before it; before the first, the empty beginning", async () => {
    const timeline = await open();
    const opening = timeline.head;
    now += 1000;
    const first = write(timeline, 1);
    now += 1000;
    const second = write(timeline, 2);
    expect(await timeline.resolveTime(first.wallMs)).toEqual(first);
    expect(await timeline.resolveTime(second.wallMs - 1)).toEqual(first);
    expect(await timeline.resolveTime(now + 99)).toEqual(second);
    expect(await timeline.resolveTime(0)).toEqual(opening);
    expect(await read(timeline, opening)).toBeUndefined();
  });
});

describe("restore", () => {
  test("T8, T10: arm, restart, undo, restart three times: still undone, and every old bookmark still works", async () => {
    let timeline = await open();
    const target = timeline.bookmark(write(timeline, 1));
    const undo = timeline.undoBookmark();
    write(timeline, 2, { armedRestore: target });
    write(timeline, 3); // later writes of the session are part of what the undo brings back
    await timeline.close();

    timeline = await open();
    expect(await read(timeline)).toBe(1);
    write(timeline, 4, { armedRestore: undo });
    await timeline.close();
    for (let restart = 0; restart < 3; restart++) {
      timeline = await open();
      expect(await read(timeline)).toBe(3);
      await timeline.close();
    }
    timeline = await open();
    write(timeline, 6);
    await timeline.close();
    timeline = await open();
    expect(await read(timeline)).toBe(6); // nothing is restored twice
    write(timeline, 5, { armedRestore: target });
    await timeline.close();
    expect(await read(await open())).toBe(1);
  });

  test("a chain of restores of restores reads each of its moments", async () => {
    let timeline = await open();
    let bookmark = timeline.bookmark(write(timeline, 0));
    const moments = [timeline.head];
    for (let i = 1; i <= 30; i++) {
      write(timeline, 100 + i, { armedRestore: bookmark });
      await timeline.close();
      timeline = await open();
      bookmark = timeline.bookmark(timeline.head);
      moments.push(timeline.head);
    }
    for (const moment of moments) expect(await read(timeline, moment)).toBe(0);
  });

  test("T10: what was armed in a long session is carried out by the next, which begins with a snapshot", async () => {
    const noise = (seed: number) => Uint8Array.from({ length: PAGE_SIZE }, (_, i) => (i * 31 + seed * 17) % 251);
    let timeline = await open();
    const target = timeline.bookmark(write(timeline, 1));
    for (let i = 0; i < 300; i++) timeline.append({ pageCount: 2, pages: [{ pageNumber: 1 + (i % 2), data: noise(i) }] });
    const undo = timeline.undoBookmark();
    const armed = write(timeline, 2, { armedRestore: target });
    await timeline.close();
    expect((await (await store.read("a")).snapshot(armed))?.position).toEqual(armed);
    timeline = await open();
    expect(await read(timeline)).toBe(1);
    write(timeline, 3, { armedRestore: undo });
    await timeline.close();
    expect(await read(await open())).toBe(2);
  });

  test("T10: the last word counts, and null disarms", async () => {
    const timeline = await open();
    const target = timeline.bookmark(write(timeline, 1));
    write(timeline, 2, { armedRestore: target });
    write(timeline, 3, { armedRestore: null });
    await timeline.close();
    expect(await read(await open())).toBe(3);
  });

  test("T22: the alarm of the restored state is due, also after a restore of a restore", async () => {
    const due = async () => {
      const found: number[] = [];
      for await (const { at } of store.due(Number.POSITIVE_INFINITY, 10)) found.push(at);
      return found;
    };
    let timeline = await open();
    const none = timeline.bookmark(write(timeline, 1));
    const at70 = timeline.bookmark(write(timeline, 2, { alarm: 70 }));
    let undo = "";
    for (const [armedRestore, expected] of [
      [none, []],
      [at70, [70]],
      ["undo", []],
      ["undo", [70]],
      [none, []],
    ] as const) {
      const toHere = timeline.undoBookmark();
      write(timeline, 3, { armedRestore: armedRestore === "undo" ? undo : armedRestore });
      await timeline.close();
      timeline = await open();
      expect(await due()).toEqual(expected);
      undo = toHere;
    }
  });

  test("T11: a target that cannot be restored leaves the present state, is recorded once, and the object starts", async () => {
    let timeline = await open();
    write(timeline, 1, { armedRestore: "00000009-00000001-00000000-00000000000000000000000000000000" });
    await timeline.close();
    timeline = await open();
    expect(await read(timeline)).toBe(1);
    const after = timeline.head.txid;
    await timeline.close();
    expect((await open()).head.txid).toBe(after);
  });
});

describe("fork", () => {
  test("T4: goes its own way; the parent's bookmarks up to the fork lead back in both", async () => {
    const parent = await open();
    const early = parent.bookmark(write(parent, 1));
    const at = write(parent, 2);
    const late = parent.bookmark(write(parent, 3));
    await parent.fork(at, "b");
    const fork = await open("b");
    expect(await read(fork)).toBe(2);
    expect(fork.head.incarnation).not.toBe(parent.head.incarnation);
    expect((await fork.resolveBookmark(early)).kind).toBe("position");
    expect((await fork.resolveBookmark(late)).kind).toBe("unknown");
    const own = fork.bookmark(write(fork, 9));
    expect((await parent.resolveBookmark(own)).kind).toBe("unknown");
    expect(await read(parent)).toBe(3);
  });

  test("T4: does not carry an armed restore over", async () => {
    const parent = await open();
    const target = parent.bookmark(write(parent, 1));
    const at = write(parent, 2, { armedRestore: target });
    await parent.fork(at, "b");
    expect(await read(await open("b"))).toBe(2);
  });
});

describe("writers and damage", () => {
  test("an older writer is refused once another has opened", async () => {
    const older = await open();
    await open();
    const position = write(older, 1);
    await expect(older.flushed(position)).rejects.toMatchObject({ code: "HOLDFAST_FENCED" });
  });

  test("after a failed flush nothing is appended any more", async () => {
    const older = await open();
    await open();
    await expect(older.flushed(write(older, 1))).rejects.toMatchObject({ code: "HOLDFAST_FENCED" });
    expect(() => write(older, 2)).toThrow(expect.objectContaining({ code: "HOLDFAST_FENCED" }));
  });

  test("a closed timeline refuses to append", async () => {
    const timeline = await open();
    await timeline.close();
    expect(() => write(timeline, 1)).toThrow(expect.objectContaining({ code: "HOLDFAST_CLOSED" }));
  });

  test("T5: a missing record is damage, never skipped", async () => {
    const timeline = await open();
    for (let i = 0; i < 3; i++) write(timeline, i);
    await timeline.flushed(timeline.head);
    const log = await store.open("a");
    const whole = log.records.bind(log);
    const gap = {
      ...store,
      open: async () => Object.assign(log, { records: (...range: Parameters<typeof whole>) => without(2, whole(...range)) }),
    };
    await expect(LogTimeline.open({ ...parts(), store: gap as LogStore }, "a")).rejects.toMatchObject({
      code: "HOLDFAST_LOG_CORRUPT",
    });
  });

  test("T14: a log longer than its image gets a snapshot when it is closed or opened, and reads the same with it, without it, and with a bad one", async () => {
    const timeline = await open();
    const noise = (seed: number) => Uint8Array.from({ length: PAGE_SIZE }, (_, i) => (i * 31 + seed * 17) % 251);
    let middle = timeline.head;
    for (let i = 0; i < 300; i++) {
      const at = timeline.append({ pageCount: 2, pages: [{ pageNumber: 1 + (i % 2), data: noise(i) }] });
      if (i === 150) middle = at;
    }
    await timeline.close();
    expect((await (await store.read("a")).snapshot(timeline.head))?.position).toEqual(timeline.head);
    const second = await open();
    const image = await second.image();
    const snapshot = await (await store.read("a")).snapshot(second.head);
    expect(snapshot?.position).toEqual(timeline.head);
    const pages = (one: typeof image) =>
      Array.from({ length: one.pageCount }, (_, i) => Buffer.from(one.read(i + 1)).toString("hex"));
    const together = await Promise.all([second.image(), second.image(), second.image()]);
    for (const one of together) expect(pages(one)).toEqual(pages(image));
    expect(pages(await second.image(middle))[0]).toBe(Buffer.from(noise(150)).toString("hex"));
    await second.close();
    const good: Uint8Array[] = [];
    if (snapshot && "chunks" in snapshot) for await (const chunk of snapshot.chunks) good.push(chunk.slice());
    const first = good[0] as Uint8Array;
    first[5] = (first[5] as number) ^ 1; // one bit of a page
    for (const bad of [good, [new Uint8Array(2 * PAGE_SIZE)]]) {
      const log = await store.open("a");
      await log.putSnapshot(timeline.head, each(bad));
      expect(pages(await (await open()).image())).toEqual(pages(image));
    }
  });
});

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* without(index: number, records: AsyncIterable<readonly Uint8Array[]>): AsyncGenerator<readonly Uint8Array[]> {
  let i = 0;
  for await (const batch of records) yield batch.filter(() => i++ !== index);
}
