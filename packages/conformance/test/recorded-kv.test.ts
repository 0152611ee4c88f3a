/** Recorded results of the real platform, replayed. The totals may only grow: a lower one fails. */
import { readFileSync } from "node:fs";
import { type KvCase, operationsOf, REPLAYED_OPERATIONS, replayKvCase } from "@holdfast/conformance";
import { openStorage } from "holdfast";
import { expect, test } from "vitest";

const load = (name: string) => JSON.parse(readFileSync(new URL(`../cases/${name}`, import.meta.url), "utf8"));

test("kv-cases", async () => {
  const file: { cases: KvCase[]; specialsPreamble: string; specials: Record<string, string> } = load("kv-cases.json");
  const all = file.cases.filter((recorded) => recorded.backend === "sqlite");
  const cases = all.filter((recorded) => operationsOf(recorded.steps).every((operation) => REPLAYED_OPERATIONS.has(operation)));
  let equal = 0;
  const different: string[] = [];
  for (const recorded of cases) {
    const opened = await openStorage({ id: "case" });
    const outcome = await replayKvCase(recorded, {
      storage: () => opened.storage,
      nextEvent: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
      specials: file,
    });
    if (outcome.kind === "equal") equal += 1;
    else different.push(`${recorded.name} [${recorded.tags ?? ""}]: ${JSON.stringify(outcome).slice(0, 400)}`);
    await opened.close().catch(() => undefined); // some cases break their object
  }
  console.log(`kv-cases: ${equal}/${cases.length} equal; ${all.length - cases.length} more use calls that are not there yet`);
  if (process.env["SHOW_DIFFERENT"]) console.log(different.join("\n"));
  expect(equal).toBeGreaterThanOrEqual(452);
  expect(cases.length).toBeGreaterThanOrEqual(472);
}, 120_000);
