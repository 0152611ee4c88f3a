/** The driver of docs/adding-a-driver.md, made from the document's own code, against packed packages. */
import { expect, test } from "vitest";
import { runDocument } from "../support/run-document.js";

test("the document's driver passes the suite", () => {
  const page = new URL("../../../../docs/adding-a-driver.md", import.meta.url);
  const passed = runDocument(page, ["core", "timeline", "driver-kit", "conformance"], "snapshot-driver.test.js");
  expect(passed).toBeGreaterThanOrEqual(23);
}, 180_000);
