import { describe, expect, test } from "vitest";
import { type DurableObjectId, IdFactory } from "../src/durable-object-id.js";

/** `spec/runtime` §5.1 */
const VECTORS: Record<string, string> = {
  a: "ed67ed6197e282574046d018deacad18ae30d4e81740e7cf0d3d5c641ccada09",
  "": "d072b617bff1b82f396c05d47dae2f0a9901daaa43f7d8e4c439bc1d7cb2f6d4",
  "5": "b99aaaee74b5784ec003e2a6ffd5b4d8d1419b6161d86f4773156890259208a8",
  "h\u00e9\u{1F600}": "57deb80762e113e733ac59d2b1ea0481e7e980fe2c30fd70c30fa44162f93cd0",
};
const ids = new IdFactory("-X");

describe("ids", () => {
  test.each(Object.entries(VECTORS))("of the name %j, byte for byte", (name, hex) => {
    const id = ids.fromName(name);
    expect([String(id), id.name]).toEqual([hex, name]);
    expect(JSON.stringify(id)).toBe(JSON.stringify({ name }));
    expect(ids.fromString(hex.toUpperCase()).equals(id)).toBe(true);
    expect(JSON.stringify(ids.fromString(hex))).toBe("{}");
  });

  test("fresh ones carry their seal", () => {
    const id = ids.unique(Uint8Array.from({ length: 16 }, (_, i) => i));
    expect(String(id)).toMatch(/^000102030405060708090a0b0c0d0e0f[0-9a-f]{32}$/);
    expect(ids.owns(String(id))).toBe(true);
    expect(new IdFactory("-Y").owns(String(id))).toBe(false);
  });

  test("what is no id, or another namespace's, is refused in the platform's words", () => {
    for (const text of ["", "xyz", "0".repeat(63), `${"0".repeat(63)}g`]) {
      expect(() => ids.fromString(text)).toThrow(new TypeError("Invalid Durable Object ID: must be 64 hex digits"));
    }
    expect(() => ids.fromString("0".repeat(64))).toThrow(new TypeError("Durable Object ID is not valid for this namespace."));
    expect(() => ids.fromName("a").equals("a" as unknown as DurableObjectId)).toThrow(
      new TypeError("Failed to execute 'equals' on 'DurableObjectId': parameter 1 is not of type 'DurableObjectId'."),
    );
  });

  test("a name over 1024 bytes is not told", () => {
    expect(ids.fromName("x".repeat(1025)).name).toBeUndefined();
    expect(ids.fromName("x".repeat(1024)).name?.length).toBe(1024);
  });
});
