/** What does not fit in memory reads the same. */
import { PAGE_SIZE } from "@holdfast/core/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scratchInMemory } from "../../../test/support/scratch-in-memory.js";
import { Overlay } from "../src/overlay.js";
import { TemporaryFile } from "../src/temporary-file.js";

const operation = fc.oneof(
  fc.record({ kind: fc.constant("append" as const), at: fc.constant(0), length: fc.integer({ min: 1, max: 90_000 }) }),
  fc.record({
    kind: fc.constant("write" as const),
    at: fc.integer({ min: 0, max: 700_000 }),
    length: fc.integer({ min: 1, max: 300_000 }),
  }),
  fc.record({ kind: fc.constant("truncate" as const), at: fc.integer({ min: 0, max: 700_000 }), length: fc.constant(0) }),
);

test("a temporary file holds what was written, however it was written", () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 25 }), (operations) => {
      const file = new TemporaryFile(scratchInMemory());
      let plain = new Uint8Array(0);
      for (const [i, { kind, at, length }] of operations.entries()) {
        if (kind === "truncate") {
          file.truncate(Math.min(at, plain.length)); // SQLite only makes files shorter
          plain = plain.slice(0, at);
        } else {
          const offset = kind === "append" ? plain.length : at;
          const bytes = new Uint8Array(length).fill(i + 1);
          file.write(offset, bytes);
          const grown = new Uint8Array(Math.max(plain.length, offset + length));
          grown.set(plain);
          grown.set(bytes, offset);
          plain = grown;
        }
        expect(file.bytes).toBe(plain.length);
        for (const from of [0, Math.floor(plain.length / 2), Math.max(0, plain.length - 5000)]) {
          const into = new Uint8Array(10_000);
          const read = file.read(from, into);
          expect(read).toBe(Math.min(10_000, plain.length - from));
          expect(Buffer.compare(into.subarray(0, read), plain.subarray(from, from + read))).toBe(0);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("an overlay gives back every page, those that are in memory and those that are not, until it is cleared", () => {
  let closed = 0;
  const onClose = () => {
    closed += 1;
  };
  const overlay = new Overlay(() => scratchInMemory(onClose), 3);
  const page = (byte: number) => new Uint8Array(PAGE_SIZE).fill(byte);
  for (let round = 0; round < 2; round++) {
    for (let number = 1; number <= 10; number++) overlay.set(number, page(number));
    for (let number = 1; number <= 10; number += 2) overlay.set(number, page(100 + number));
    overlay.delete(4);
    overlay.delete(1);
    overlay.set(1, page(77));
    const expected = [77, 2, 103, undefined, 105, 6, 107, 8, 109, 10];
    expect(expected.map((_, i) => overlay.get(i + 1)?.[9])).toEqual(expected);
    expect([overlay.size, overlay.has(4), [...overlay.numbers()].length]).toEqual([9, false, 9]);
    overlay.clear();
    expect([overlay.size, overlay.get(2), closed]).toEqual([0, undefined, round + 1]);
  }
});
