import { type CommitPages, PAGE_SIZE } from "@holdfast/core/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PagedImage } from "../src/image/paged-image.js";
import { encodeCommitBody, foldEntries } from "../src/record/commit-body.js";
import { crc32 } from "../src/record/crc32.js";
import { crc32 as native } from "../src/record/crc32-native.js";
import { decodeMeta, encodeMeta, metaFlags } from "../src/record/meta.js";
import { encodeRecord, HEADER_BYTES, RecordKind, readHeader, readRecord } from "../src/record/record.js";
import { decodeRestore, encodeRestore } from "../src/record/restore-body.js";

const position = { incarnation: 0x0123456789abcdefn, epoch: 3, sequence: 7, txid: 2 ** 40, wallMs: 1_750_000_000_123.5 };
const header = {
  kind: RecordKind.COMMIT,
  flags: 0,
  position,
  pageCount: 9,
  rawMs: 12,
  durable: { epoch: 2, sequence: 1 },
  previousChecksum: 5,
};

describe("record", () => {
  test("says what it was told", () => {
    const body = Uint8Array.of(1, 2, 3);
    const { bytes, checksum } = encodeRecord(header, body);
    expect(readRecord(bytes)).toEqual({
      header: { ...header, position: { ...position, checksum }, bodyBytes: 3 },
      record: bytes,
    });
  });

  test("T5: every changed byte shows", () => {
    const { bytes } = encodeRecord(
      header,
      Uint8Array.from({ length: 50 }, (_, i) => i),
    );
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      expect(readRecord(damaged), `byte ${at}`).toBeUndefined();
      if (at < HEADER_BYTES) expect(readHeader(damaged), `byte ${at}`).toBeUndefined();
    }
  });

  test("a record that is cut anywhere is none", () => {
    const { bytes } = encodeRecord(header, new Uint8Array(20));
    for (let length = 0; length < bytes.length; length++) expect(readRecord(bytes.subarray(0, length))).toBeUndefined();
  });

  test("CRC-32 is the usual one, and continues", () => {
    const bytes = new TextEncoder().encode("123456789");
    expect(crc32(bytes)).toBe(0xcbf43926);
    expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  });

  test("CRC-32 is the same whatever the length and where the bytes begin", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(8), fc.nat(), (bytes, offset, before) => {
        const moved = new Uint8Array(offset + bytes.length);
        moved.set(bytes, offset);
        const byByte = bytes.reduce((checksum, byte) => crc32(Uint8Array.of(byte), checksum), before);
        expect(crc32(moved.subarray(offset), before)).toBe(byByte);
        expect(native(moved.subarray(offset), before)).toBe(byByte);
      }),
    );
  });
});

describe("meta", () => {
  test.each([
    {},
    { alarm: 5 },
    { alarm: null },
    { armedRestore: "b" },
    { armedRestore: null },
    { alarm: 1.5, armedRestore: "x-y" },
  ])("%j", (meta) => {
    const bytes = encodeMeta(meta);
    expect(decodeMeta(metaFlags(meta), bytes)).toEqual({ meta, bytes: bytes.length });
  });
});

test("restore body", () => {
  const done = { bookmark: "b", target: { epoch: 1, sequence: 2 } };
  expect(decodeRestore(encodeRestore(done))).toEqual(done);
  const failed = { bookmark: "b", target: { epoch: 0, sequence: 0 }, failure: "gone" };
  expect(decodeRestore(encodeRestore(failed))).toEqual(failed);
});

/** Random transactions on an image: growth, shrinking, holes, pages cut off and back again, small and large changes. */
const change = fc.record({
  pageNumber: fc.integer({ min: 1, max: 12 }),
  at: fc.nat(PAGE_SIZE - 1),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  whole: fc.boolean(),
});
const transaction = fc.record({
  pageCount: fc.integer({ min: 1, max: 12 }),
  changes: fc.array(change, { maxLength: 6 }),
  withPrevious: fc.boolean(),
});

function commitOn(
  image: PagedImage,
  {
    pageCount,
    changes,
    withPrevious,
  }: {
    pageCount: number;
    changes: readonly { pageNumber: number; at: number; bytes: Uint8Array; whole: boolean }[];
    withPrevious: boolean;
  },
): CommitPages {
  const pages = new Map<number, Uint8Array>();
  for (const { pageNumber, at, bytes, whole } of changes) {
    if (pageNumber > pageCount) continue;
    const before = pageNumber <= image.pageCount ? image.read(pageNumber) : new Uint8Array(PAGE_SIZE);
    const page = (pages.get(pageNumber) ?? before).slice();
    if (whole) page.fill(bytes[0] ?? 0);
    else page.set(bytes.subarray(0, PAGE_SIZE - at), at);
    pages.set(pageNumber, page);
  }
  const list = [...pages].map(([pageNumber, data]) =>
    withPrevious && pageNumber <= image.pageCount ? { pageNumber, data, previous: image.read(pageNumber) } : { pageNumber, data },
  );
  return { pageCount, pages: list };
}

function contentOf(image: PagedImage): string[] {
  return Array.from({ length: image.pageCount }, (_, i) => Buffer.from(image.read(i + 1)).toString("base64"));
}

test("what is encoded and decoded gives the same image, byte for byte", () => {
  fc.assert(
    fc.property(fc.array(transaction, { minLength: 1, maxLength: 8 }), (transactions) => {
      const direct = new PagedImage();
      const replayed = new PagedImage();
      for (const one of transactions) {
        const commit = commitOn(direct, one);
        const body = encodeCommitBody(commit);
        direct.apply(commit);
        const frozen = replayed.freeze();
        const before = contentOf(frozen);
        replayed.resize(commit.pageCount);
        foldEntries(body, replayed);
        expect(contentOf(frozen)).toEqual(before);
        expect(replayed.pageCount).toBe(direct.pageCount);
        for (let page = 1; page <= direct.pageCount; page++)
          expect(Buffer.compare(replayed.read(page), direct.read(page))).toBe(0);
      }
    }),
    { numRuns: 300 },
  );
});

test("a small change to a page costs little more than its bytes", () => {
  const previous = new Uint8Array(PAGE_SIZE).fill(1);
  const data = previous.slice();
  data.set([9, 9, 9, 9], 100);
  expect(encodeCommitBody({ pageCount: 1, pages: [{ pageNumber: 1, data, previous }] }).length).toBe(8 + 4 + 4);
  expect(encodeCommitBody({ pageCount: 1, pages: [{ pageNumber: 1, data: previous, previous }] }).length).toBe(0);
  expect(encodeCommitBody({ pageCount: 1, pages: [{ pageNumber: 1, data: new Uint8Array(PAGE_SIZE) }] }).length).toBe(8);
});

test("a frozen image keeps its moment", () => {
  const image = new PagedImage();
  const page = (byte: number) => new Uint8Array(PAGE_SIZE).fill(byte);
  image.apply({ pageCount: 2, pages: [{ pageNumber: 1, data: page(1) }] });
  const frozen = image.freeze();
  image.apply({ pageCount: 3, pages: [{ pageNumber: 1, data: page(2) }] });
  expect([frozen.pageCount, frozen.read(1)[0], frozen.read(2)[0]]).toEqual([2, 1, 0]);
  expect([image.pageCount, image.read(1)[0]]).toEqual([3, 2]);
  expect(() => frozen.read(3)).toThrow(RangeError);
});
