import { expect, test } from "vitest";
import { HoldfastError, isHoldfastError } from "../src/error.js";

test("an error of another copy of the package is recognised", () => {
  const foreign = Object.assign(new Error("x"), { [Symbol.for("holdfast.error")]: true, code: "HOLDFAST_USAGE" });
  expect(isHoldfastError(foreign)).toBe(true);
  expect(isHoldfastError(new HoldfastError("HOLDFAST_USAGE", "x"))).toBe(true);
  expect([new Error("x"), null, "x"].map(isHoldfastError)).toEqual([false, false, false]);
});
