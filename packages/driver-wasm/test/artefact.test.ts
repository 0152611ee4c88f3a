/** The committed wasm is what the manifest says, made from what is committed here. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fetchSource, hashInputs } from "../build/build-wasm.mjs";
import { countRows } from "../build/count-rows.mjs";

const file = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url));
const manifest = JSON.parse(file("wasm/manifest.json").toString());
const source = JSON.parse(file("build/source.json").toString());

const folder = mkdtempSync(join(tmpdir(), "holdfast-source-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the artefact is the one that was built", () => {
  expect(createHash("sha256").update(file("wasm/sqlite3.wasm")).digest("hex")).toBe(manifest.artefact);
});

test("it was built from this script and this C: npm run build:wasm after changing either", () => {
  expect(manifest.inputs).toEqual(hashInputs());
  expect(manifest.source).toEqual(source.sha256);
});

test("the pinned package still holds that source, and the counting change fits it", () => {
  fetchSource(folder); // checks the hashes
  const amalgamation = readFileSync(join(folder, "sqlite3.c"), "utf8");
  expect(amalgamation).toContain(`#define SQLITE_VERSION        "${source.sqlite}"`);
  const patched = countRows(amalgamation);
  expect(patched.split("\n").length).toBe(amalgamation.split("\n").length + 12 + 13);
  expect(() => countRows(patched)).toThrow(/has no " {2}u32 aCounter\[9\]/); // never twice
});

test("the counting change refuses a source it does not fit", () => {
  const amalgamation = readFileSync(join(folder, "sqlite3.c"), "utf8");
  const renamed = amalgamation.replace("p->nChange += nChange;", "p->nChange = p->nChange + nChange;");
  expect(() => countRows(renamed)).toThrow(/it has no/);
  const doubled = amalgamation.replace("  pC->seekResult = res;\n", "  pC->seekResult = res;\n  pC->seekResult = res;\n");
  expect(() => countRows(doubled)).toThrow(/is ambiguous/);
  expect(() => countRows("int main(){}")).toThrow(/does not fit/);
});

test("it needs nothing of the platform but an empty environment", () => {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(file("wasm/sqlite3.wasm")));
  expect(imports.map(({ module, name }) => `${module}.${name}`)).toEqual([
    "wasi_snapshot_preview1.environ_sizes_get",
    "wasi_snapshot_preview1.environ_get",
  ]);
});
