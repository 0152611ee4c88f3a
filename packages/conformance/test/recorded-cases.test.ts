/** Recorded results of the real platform, replayed. The totals may only grow: a lower one fails. */
import { readFileSync } from "node:fs";
import { type KvCase, operationsOf, REPLAYED_OPERATIONS, replayKvCase, replaySqlCase, type SqlCase } from "@holdfast/conformance";
import { openStorage } from "holdfast";
import { expect, test } from "vitest";

const load = (name: string) => JSON.parse(readFileSync(new URL(`../cases/${name}`, import.meta.url), "utf8"));

/** Cases that record the newest runtime's 8 MiB limit need another limit than ours (`docs/parity.md`, `sql-value-limit`). */
test("sql-cases on sql.js", async () => {
  const cases: SqlCase[] = load("sql-cases.json");
  const counts = { equal: 0, "offset-only": 0, different: 0 };
  const different: string[] = [];
  for (const recorded of cases) {
    const opened = await openStorage({ id: "case" });
    const outcome = await replaySqlCase(opened.storage, recorded);
    counts[outcome.kind] += 1;
    if (outcome.kind === "different") different.push(`${recorded.name}: ${JSON.stringify(outcome).slice(0, 300)}`);
    await opened.close().catch(() => undefined); // some cases break their object
  }
  console.log(
    `sql-cases on sql.js: ${counts.equal + counts["offset-only"]}/${cases.length} equal (${counts["offset-only"]} but for an offset)`,
  );
  if (process.env["SHOW_DIFFERENT"]) console.log(different.join("\n"));
  expect(counts.equal + counts["offset-only"]).toBeGreaterThanOrEqual(783);
}, 120_000);

test("kv-cases on sql.js", async () => {
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
  console.log(
    `kv-cases on sql.js: ${equal}/${cases.length} equal; ${all.length - cases.length} more use calls that are not there yet`,
  );
  if (process.env["SHOW_DIFFERENT"]) console.log(different.join("\n"));
  expect(equal).toBeGreaterThanOrEqual(452);
  expect(cases.length).toBeGreaterThanOrEqual(472);
}, 120_000);
