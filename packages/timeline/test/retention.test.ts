/** T15: after every opening, whatever of the history has become one record, every bookmark of the last 30 days leads to what it stood for. */
import { PAGE_SIZE, type Timeline } from "@holdfast/core/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_POSITION } from "../src/contract.js";
import { memoryStore } from "../src/memory/memory-store.js";
import { RecordKind, readHeader } from "../src/record/record.js";
import { timelineSource } from "../src/timeline/timeline-source.js";

const DAY = 24 * 60 * 60 * 1000;

/** Pages by their seeds; 0: zeros. */
type State = readonly number[];

const noise = (seed: number): Uint8Array =>
  seed === 0
    ? new Uint8Array(PAGE_SIZE)
    : Uint8Array.from({ length: PAGE_SIZE }, (_, i) => (i * 31 + seed * 17 + (i >> 5) * seed) % 251);

async function stateAt(timeline: Timeline, at = timeline.head): Promise<string[]> {
  const image = await timeline.image(at);
  return Array.from({ length: image.pageCount }, (_, i) => Buffer.from(image.read(i + 1)).toString("base64"));
}

const pagesOf = (state: State): string[] => state.map((seed) => Buffer.from(noise(seed)).toString("base64"));

const session = fc.record({
  daysBefore: fc.integer({ min: 0, max: 25 }),
  commits: fc.array(
    fc.record({
      pageCount: fc.integer({ min: 3, max: 8 }),
      seeds: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 3, maxLength: 8 }),
      hours: fc.integer({ min: 0, max: 60 }),
    }),
    { minLength: 2, maxLength: 8 },
  ),
  /** Which of the bookmarks so far is restored next, if one is; a part of all. */
  restore: fc.oneof(fc.constant(null), fc.constant(null), fc.constant(null), fc.double({ min: 0, max: 0.999, noNaN: true })),
});

test("grow, shrink, restore and undo over months", { timeout: 120_000 }, async () => {
  let merged = 0;
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(session, { minLength: 4, maxLength: 14 }), async (sessions) => {
      const store = memoryStore();
      let now = 100 * DAY;
      let byte = 0;
      const source = timelineSource({ store, now: () => now, random: (count) => new Uint8Array(count).fill(++byte) });
      const known: { bookmark: string; at: number; state: State }[] = [];
      let state: State = [];
      let armed: State | undefined;
      for (const { daysBefore, commits, restore } of sessions) {
        now += daysBefore * DAY;
        const timeline = await source.open("a");
        state = armed ?? state;
        armed = undefined;
        known.push({ bookmark: timeline.bookmark(timeline.head), at: now, state });
        for (const { bookmark, at, state: expected } of known) {
          const found = await timeline.resolveBookmark(bookmark);
          if (at > now - 30 * DAY) expect(found.kind, bookmark).toBe("position");
          if (found.kind === "position") expect(await stateAt(timeline, found.position), bookmark).toEqual(pagesOf(expected));
          checked += 1;
        }
        const last = known.findLast(({ at }) => at <= now - 30 * DAY);
        if (last) expect(await stateAt(timeline, await timeline.resolveTime(now - 30 * DAY))).toEqual(pagesOf(last.state));
        for (const { pageCount, seeds, hours } of commits) {
          now += hours * 60 * 60 * 1000;
          const pages = seeds.slice(0, pageCount).map((seed, i) => ({ pageNumber: i + 1, data: noise(seed) }));
          state = Array.from({ length: pageCount }, (_, i) => seeds[i] ?? state[i] ?? 0);
          known.push({ bookmark: timeline.bookmark(timeline.append({ pageCount, pages })), at: now, state });
        }
        if (restore !== null) {
          const target = known[Math.floor(restore * known.length)] as (typeof known)[number];
          const isRetained = (await timeline.resolveBookmark(target.bookmark)).kind === "position";
          timeline.append({ pageCount: state.length, pages: [], meta: { armedRestore: target.bookmark } });
          known.push({ bookmark: timeline.undoBookmark(), at: now, state });
          if (isRetained) armed = target.state;
        }
        await timeline.close();
      }
      const reader = await store.read("a");
      for await (const [first] of reader.records(NO_POSITION)) {
        if (first && readHeader(first)?.kind === RecordKind.BASE) merged += 1;
        break;
      }
    }),
    { numRuns: 40, endOnFailure: true }, // to make such a history smaller takes longer than to read it
  );
  console.log(`${checked} bookmarks followed; in ${merged} of 40 histories the oldest records had become one`);
  expect(merged).toBeGreaterThan(10);
});

test("a history that is young, or pinned, stays as it is; so does one whose state is as large as its records", async () => {
  const store = memoryStore();
  let now = 100 * DAY;
  const source = timelineSource({ store, now: () => now, random: (count) => new Uint8Array(count).fill(7) });
  const first = await source.open("a");
  const pages = Array.from({ length: 20 }, (_, i) => ({ pageNumber: i + 1, data: noise(i + 1) }));
  for (let i = 0; i < 3; i++) first.append({ pageCount: 20, pages });
  await first.close();
  const count = async () => {
    let records = 0;
    for await (const batch of (await store.read("a")).records(NO_POSITION)) records += batch.length;
    return records;
  };
  now += 29 * DAY;
  await (await source.open("a")).close();
  expect(await count()).toBe(5);
  now += 2 * DAY;
  const pin = await (await store.read("a")).pin(first.head);
  await (await source.open("a")).close();
  expect(await count()).toBe(6);
  pin.release();
  await (await source.open("a")).close();
  expect(await count()).toBe(1 + 3); // what is older than 30 days, and three openings
  await (await source.open("a")).close();
  expect(await count()).toBe(5);
});

test("over its bytes, a history gives up what is oldest first, however young it is; a large state in parts", async () => {
  const store = memoryStore();
  const parts = { store, now: () => 100 * DAY, random: (count: number) => new Uint8Array(count).fill(7) };
  const pages = (seed: number) => Array.from({ length: 2500 }, (_, i) => ({ pageNumber: i + 1, data: noise(i + seed) }));
  const bookmarks: string[] = [];
  for (let session = 0; session < 6; session++) {
    const timeline = await timelineSource(parts).open("a");
    bookmarks.push(timeline.bookmark(timeline.append({ pageCount: 2500, pages: pages(session), meta: { alarm: session } })));
    await timeline.close();
  }
  const state = 2500 * PAGE_SIZE;
  const limited = timelineSource({ ...parts, historyBytes: 3 * state });
  const opened = await limited.open("a");
  const isRetained = async () =>
    Promise.all(bookmarks.map(async (one) => (await opened.resolveBookmark(one)).kind === "position"));
  expect(await isRetained()).toEqual([false, false, false, true, true, true]);
  for (const [session, bookmark] of bookmarks.entries()) {
    const found = await opened.resolveBookmark(bookmark);
    if (found.kind !== "position") continue;
    const image = await opened.image(found.position);
    expect(image.pageCount).toBe(2500);
    for (const page of [1, 999, 1000, 1001, 2000, 2500]) {
      expect(Buffer.compare(image.read(page), noise(page - 1 + session)), `session ${session}, page ${page}`).toBe(0);
    }
  }
  await opened.close();
  const kinds: number[] = [];
  for await (const batch of (await store.read("a")).records(NO_POSITION))
    kinds.push(...batch.map((one) => readHeader(one)?.kind ?? 0));
  expect(kinds.slice(0, 3)).toEqual([RecordKind.PART, RecordKind.PART, RecordKind.BASE]);
  // Within its bytes nothing is given up.
  await (await limited.open("a")).close();
  const again = await timelineSource({ ...parts, historyBytes: 100 * state }).open("a");
  expect((await again.resolveBookmark(bookmarks[3] as string)).kind).toBe("position");
});

test.each([
  ["that says 1970 in a session", 40, () => 1000],
  ["that is 70 years ahead in a session", 40, (now: number) => now + 25_567 * DAY],
  ["that is 70 years ahead in the first session", 0, (now: number) => now + 25_567 * DAY],
])("T9: a clock %s costs neither history nor space", async (_what, wrongDay, wrong) => {
  const store = memoryStore();
  let now = 0;
  const source = timelineSource({ store, now: () => now, random: (count) => new Uint8Array(count).fill(7) });
  const days: { bookmark: string; at: number }[] = [];
  let seed = 0;
  for (let day = 0; day <= 60; day++) {
    const at = (20_000 + day) * DAY;
    now = at;
    const timeline = await source.open("a");
    if (day === wrongDay) now = wrong(at);
    for (let i = 0; i < 5; i++) {
      seed += 1;
      await timeline.flushed(timeline.append({ pageCount: 1, pages: [{ pageNumber: 1, data: noise(seed) }] }));
    }
    days.push({ bookmark: timeline.bookmark(timeline.head), at });
    let records = 0;
    for await (const _ of timeline.entries({})) records += 1;
    expect(records, `day ${day}`).toBeLessThan(6 * 45); // 30 days, and what is not worth it yet
    if (day !== wrongDay) {
      for (const known of days.slice(-29)) expect((await timeline.resolveBookmark(known.bookmark)).kind).toBe("position");
      // Of the day before the wrong one it is not known when it ended.
      for (const [i, known] of days.entries()) {
        if (i < day - 28 || i === wrongDay || i === wrongDay - 1) continue;
        expect(timeline.bookmark(await timeline.resolveTime(known.at)), `day ${i} on day ${day}`).toBe(known.bookmark);
      }
    }
    await timeline.close();
  }
});
