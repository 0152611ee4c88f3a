/** T7: a commit that is too large for one record is several, which count together or not at all. */
import { PAGE_SIZE } from "@holdfast/core/contract";
import { expect, test } from "vitest";
import { NO_POSITION, type Position } from "../src/contract.js";
import { memoryStore, timelineSource } from "../src/index.js";
import { RecordKind, readRecord } from "../src/record/record.js";

/** More than four parts' worth. */
const PAGES = 5000;

const noise = (seed: number) => Uint8Array.from({ length: PAGE_SIZE }, (_, i) => (i * 31 + seed * 17 + (i >> 7)) % 251);

function* pages(seed: number) {
  for (let pageNumber = 1; pageNumber <= PAGES; pageNumber++) yield { pageNumber, data: noise(pageNumber + seed) };
}

test("T7: a large commit is written in parts, and read as one; a log that ends between them has nothing of it", async () => {
  const store = memoryStore();
  const source = timelineSource({ store, now: () => 1_750_000_000_000, random: (count) => new Uint8Array(count).fill(3) });
  const first = await source.open("a");
  const small = first.append({
    pageCount: 3,
    pages: [1, 2, 3].map((pageNumber) => ({ pageNumber, data: noise(9000 + pageNumber) })),
  });
  const large = first.append({ pageCount: PAGES, pages: pages(1), meta: { alarm: 5 } });
  await first.flushed(large);
  expect(large.txid).toBe(small.txid + 1);

  const records: { kind: number; bytes: number; position: Position }[] = [];
  for await (const batch of (await store.read("a")).records(NO_POSITION)) {
    for (const bytes of batch) {
      const found = readRecord(bytes);
      if (found) records.push({ kind: found.header.kind, bytes: bytes.length, position: found.header.position });
    }
  }
  const parts = records.filter(({ kind }) => kind === RecordKind.PART);
  expect(parts.length).toBe(4);
  for (const { bytes } of records) expect(bytes).toBeLessThanOrEqual(4 << 20);
  expect(records.at(-1)).toMatchObject({ kind: RecordKind.COMMIT, position: large });

  // As one, wherever it is asked for.
  const entries = [];
  for await (const entry of first.entries({ after: small })) entries.push(entry);
  expect(entries).toEqual([
    {
      position: large,
      kind: "commit",
      pages: PAGES,
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, records.at(-1)?.bytes ?? 0),
      alarm: 5,
    },
  ]);
  for (const { position } of parts) expect(await first.resolveBookmark(first.bookmark(position))).toEqual({ kind: "unknown" });
  expect(await first.resolveBookmark(first.undoBookmark())).toEqual({ kind: "position", position: large });
  const image = await (await source.read("a")).image();
  expect(image.pageCount).toBe(PAGES);
  for (let page = 1; page <= PAGES; page += 7) expect(Buffer.compare(image.read(page), noise(page + 1))).toBe(0);

  for (const [i, { position }] of parts.entries()) {
    await store.fork("a", position, `cut ${i}`); // ends as a log does whose writer died there
    const cut = await source.open(`cut ${i}`);
    const before = await cut.image();
    expect(before.pageCount).toBe(3);
    expect(Buffer.compare(before.read(2), noise(9002))).toBe(0);
    const next = cut.append({ pageCount: 3, pages: [{ pageNumber: 2, data: noise(1), previous: noise(9002) }] });
    const after = await cut.image(next);
    expect([after.pageCount, Buffer.compare(after.read(2), noise(1)), Buffer.compare(after.read(3), noise(9003))]).toEqual([
      3, 0, 0,
    ]);
    expect((await cut.resolveTime(Number.POSITIVE_INFINITY)).sequence).toBe(next.sequence);
  }
});

test("a commit whose pages cannot be read to the end ends the session", async () => {
  const source = timelineSource({ store: memoryStore(), now: () => 0, random: (count) => new Uint8Array(count).fill(3) });
  const timeline = await source.open("a");
  function* broken() {
    yield* pages(0);
    throw new Error("unreadable");
  }
  expect(() => timeline.append({ pageCount: PAGES + 1, pages: broken() })).toThrow("unreadable");
  expect(() => timeline.append({ pageCount: 1, pages: [] })).toThrow("unreadable");
  await timeline.close();
  expect((await (await source.open("a")).image()).pageCount).toBe(0);
});
