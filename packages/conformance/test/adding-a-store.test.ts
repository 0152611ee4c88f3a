/** The store of docs/adding-a-store.md, made from the document's own code, against packed packages. */
import { expect, test } from "vitest";
import { runDocument } from "./support/run-document.js";

test("the document's store passes the suite", () => {
  const page = new URL("../../../docs/adding-a-store.md", import.meta.url);
  const passed = runDocument(page, ["core", "timeline", "conformance"], "one-file-store.test.js");
  expect(passed).toBeGreaterThanOrEqual(15);
}, 180_000);
