/** The stored bytes of values, against those the real platform writes and reads. */
import { readFileSync } from "node:fs";
import v8 from "node:v8";
import { decodeValue, encodeValue, fromHex, toHex } from "@holdfast/conformance";
import { deserialize, serialize } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

interface Vectors {
  readonly specialsPreamble: string;
  readonly specials: Record<string, string>;
  readonly wireFormat: readonly { readonly name: string; readonly value: unknown; readonly hex: string }[];
  readonly wireDecode: readonly {
    readonly hex: string;
    readonly value?: unknown;
    readonly error?: unknown;
    readonly note: string;
  }[];
}
const vectors: Vectors = JSON.parse(readFileSync(new URL("../cases/kv-cases.json", import.meta.url), "utf8"));

/** Node 24 and newer have the class. */
const lacksFloat16 = !("Float16Array" in globalThis);

/** An error that comes back has a `stack` of its own, `undefined` if it was stored without (case `value/errorNoStack`). */
const readNoStack = { $: "Error", ctor: "Error", name: "Error", message: "nostack", own: ["stack", "message"], hasStack: false };

describe("recorded bytes", () => {
  for (const { name, value, hex } of vectors.wireFormat) {
    test.skipIf(name.includes("float16") && lacksFloat16)(name, () => {
      const input = decodeValue(value, vectors);
      expect(toHex(serialize(input))).toBe(hex);
      expect(encodeValue(deserialize(fromHex(hex)))).toEqual(name === "value/errorNoStack" ? readNoStack : encodeValue(input));
    });
  }
});

describe("recorded inputs", () => {
  for (const { hex, value, error, note } of vectors.wireDecode) {
    test(`${note}: ${hex.slice(0, 20)}`, () => {
      if (error) expect(() => deserialize(fromHex(hex))).toThrow(/^The stored value cannot be read: /);
      else expect(encodeValue(deserialize(fromHex(hex)))).toEqual(value);
    });
  }
});

/** Any value both sides can hold. Typed arrays are left out here: `v8.serialize` writes them as host objects. */
const anyValue = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withBoxedValues: true,
  withObjectString: true,
  withNullPrototype: true,
});

test("random values: V8 reads what we write, and we read what V8 writes", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const expected = v8.deserialize(v8.serialize(value));
      expect(v8.deserialize(serialize(value))).toStrictEqual(expected);
      expect(deserialize(new Uint8Array(v8.serialize(value)))).toStrictEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

test("damaged bytes are refused or give some value, and never hang or exhaust memory", () => {
  const damage = fc.tuple(anyValue, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat());
  fc.assert(
    fc.property(damage, ([value, changes, cut]) => {
      const bytes = serialize(value);
      for (const [at, byte] of changes) bytes[2 + (at % Math.max(1, bytes.length - 2))] = byte;
      try {
        deserialize(bytes.subarray(0, 2 + (cut % bytes.length)));
      } catch (error) {
        expect((error as Error).message).toMatch(/^The stored value cannot be read: /);
      }
    }),
    { numRuns: 5000 },
  );
});

test("hostile lengths cost what the data costs", () => {
  const nested = (levels: number, claim: number) => {
    const varint = [(claim & 0x7f) | 0x80, ((claim >> 7) & 0x7f) | 0x80, claim >> 14];
    return Uint8Array.from([
      0xff,
      0x0f,
      ...Array.from({ length: levels }, () => [0x41, ...varint]).flat(),
      ...new Array(claim).fill(0x30),
    ]);
  };
  expect(() => deserialize(nested(500, 400_000))).toThrow(/cannot be read/); // would be 500 arrays of 400,000 places
  const digits = 2n ** 800_000n - 1n;
  expect(deserialize(serialize(digits)) === digits).toBe(true);
  expect(() => deserialize(Uint8Array.of(0xff, 0x0f, 0x27, 0x2d, 0x2c, 0x01))).toThrow(/a hole outside an array/);
});

test("what a subclass makes of iteration is not stored", () => {
  class Odd extends Map<string, number> {
    override *[Symbol.iterator](): MapIterator<[string, number]> {}
  }
  expect(deserialize(serialize(new Odd([["a", 1]])))).toEqual(new Map([["a", 1]]));
  expect(deserialize(serialize(Object.assign(Object.create(Error.prototype), { code: 5 })))).toEqual({ code: 5 });
});
