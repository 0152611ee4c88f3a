/** Ratios that must hold, each between medians of one run of what `npm run bench` runs. Another process on the machine can spoil a run, so there
 * are five. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

test("driver-wasm against the real platform and against bare loops", { retry: 4, timeout: 120_000 }, () => {
  // A process of its own: a test runner's module system is in the way of what is measured here.
  const output = execFileSync(process.execPath, ["--expose-gc", MAIN, "--json", "wasm"], { encoding: "utf8" });
  const { inserts, selects, databases } = JSON.parse(output);
  const ratios = {
    insertsFaster: inserts.workerd / inserts.holdfast,
    insertsOfBare: inserts.holdfast / inserts.bare,
    selectsFaster: selects.workerd / selects.holdfast,
    selectsOfBare: selects.holdfast / selects.bare,
    kilobytes: databases.kilobytes,
  };
  console.log(
    Object.entries(ratios)
      .map(([name, value]) => `${name} ${value.toFixed(2)}`)
      .join(", "),
  );
  expect(ratios.insertsFaster).toBeGreaterThanOrEqual(2);
  expect(ratios.selectsFaster).toBeGreaterThanOrEqual(3);
  expect(ratios.insertsOfBare).toBeLessThanOrEqual(1.5);
  expect(ratios.selectsOfBare).toBeLessThanOrEqual(1.5);
  expect(ratios.kilobytes).toBeGreaterThan(1);
  expect(ratios.kilobytes).toBeLessThanOrEqual(64);
});
