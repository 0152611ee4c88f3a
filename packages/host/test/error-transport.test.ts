import { expect, test } from "vitest";
import { toRemoteError } from "../src/error-transport.js";

class My extends Error {
  override name = "My";
}

/** `spec/runtime` §4.4, compatibility dates from 2026-04-21 on. */
test.each([
  [
    "a standard error with properties",
    Object.assign(new RangeError("r"), { extra: [1] }),
    RangeError,
    { name: "RangeError", message: "r", extra: [1] },
  ],
  ["a class of the application's", new My("cust"), Error, { name: "My", message: "cust" }],
  ["a text", "str", Error, { message: "str" }],
  ["undefined", undefined, Error, { message: "undefined" }],
  ["a DOMException", new DOMException("m", "AbortError"), Error, { name: "AbortError", message: "m" }],
])("%s", (_what, thrown, Class, expected) => {
  const copy = toRemoteError(thrown);
  expect(copy).toBeInstanceOf(Class);
  expect(copy).toMatchObject({ ...expected, remote: true });
  expect(copy).not.toBe(thrown);
});

test("a plain object arrives as itself", () => {
  expect(toRemoteError({ code: 7 })).toEqual({ code: 7, remote: true });
});

test("what cannot be cloned on an error is left behind", () => {
  expect(toRemoteError(Object.assign(new Error("x"), { f: () => 1 }))).not.toHaveProperty("f");
});
