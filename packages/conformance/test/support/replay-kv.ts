/** Recorded results of the real platform, replayed in objects of a host. What differs is named here, and in docs/parity.md. */

import { DurableObject } from "cloudflare:workers";
import { readFileSync } from "node:fs";
import { type KvCase, type KvCaseContext, replayKvCase } from "@holdfast/conformance";
import type { SqliteDriver } from "@holdfast/core/contract";
import { type DurableObjectNamespace, openHost } from "holdfast";
import { expect } from "vitest";

const load = (name: string) => JSON.parse(readFileSync(new URL(`../../cases/${name}`, import.meta.url), "utf8"));

/** Cases that differ, each with its line in docs/parity.md. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "value/sharedarraybuffer": "upstream bug",
  "kv/iter-deleteAll-during": "upstream bug: kv-iter-deleted",
  "kv/iter-rollback-during": "upstream bug",
  "txnSync/deleteAll-inside": "upstream bug: deleteAll-in-transaction",
  "surface/getCurrentBookmark": "bookmark-restore",
  "surface/getBookmarkForTime": "bookmark-restore",
  "surface/onNextSessionRestoreBookmark": "bookmark-restore",
  "hidden/metadata-table-after-bookmark": "bookmark-restore",
  "txn/getCurrentBookmark-inside": "bookmark-restore",
  "value/float16array": "platform: needs Node 24",
  "value/proxy": "platform",
  "value/domException": "value-host-types",
  "value/headers": "value-host-types",
  "value/request": "value-host-types",
  "value/response": "value-host-types",
  "value/blob": "value-host-types",
  "value/readableStream": "value-host-types",
  "value/writableStream": "value-host-types",
  "value/abortSignal": "value-host-types",
  "value/domException+enhanced_error_serialization": "value-host-types",
};

/** What the next event runs. */
let body: (context: KvCaseContext) => Promise<unknown>;

class Case extends DurableObject {
  declare ctx: KvCaseContext;
  async run(): Promise<void> {
    await body(this.ctx);
  }
  alarm(): void {}
}

/** The same of legacy objects. */
const DIFFERENT_LEGACY: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(DIFFERENT).filter(([name]) => name.startsWith("value/"))),
  "txn/txn-reads-see-txn-writes": "upstream bug: legacy-list-limit",
  "txn/list-limit-with-overlay": "upstream bug: legacy-list-limit",
  "txn/list-reverse-limit-with-put-and-delete": "upstream bug: legacy-list-limit",
  "txn/list-limit-put-before-delete": "upstream bug: legacy-list-limit",
};

export async function replayKv(name: string, driver: SqliteDriver): Promise<void> {
  await replay(name, "sqlite", DIFFERENT, { driver });
}

export async function replayLegacyKv(): Promise<void> {
  await replay("legacy", "kv", DIFFERENT_LEGACY, {});
}

async function replay(
  name: string,
  backend: KvCase["backend"],
  expected: Readonly<Record<string, string>>,
  options: { readonly driver?: SqliteDriver },
): Promise<void> {
  const file: { cases: KvCase[]; specialsPreamble: string; specials: Record<string, string> } = load("kv-cases.json");
  const cases = file.cases.filter((recorded) => recorded.backend === backend);
  const different: Record<string, string> = {};
  for (const recorded of cases) {
    const host = await openHost<{ CASE: DurableObjectNamespace<Case> }>({
      ...options,
      worker: { Case },
      durableObjects: { CASE: { className: "Case", storage: backend === "kv" ? "legacy-kv" : "sqlite" } },
      compatibilityDate: "2026-01-01",
      ...(recorded.flags && { compatibilityFlags: recorded.flags }),
    });
    const outcome = await replayKvCase(recorded, {
      event: async (run) => {
        body = run;
        await host.env.CASE.getByName("case").run();
      },
      specials: file,
    });
    if (outcome.kind === "different") different[recorded.name] = JSON.stringify(outcome).slice(0, 400);
    await host.close();
  }
  console.log(`kv-cases on ${name}: ${cases.length - Object.keys(different).length}/${cases.length} equal`);
  if (process.env["SHOW_DIFFERENT"]) console.log(different);
  const known = Object.keys(expected).filter((one) => one !== "value/float16array" || !("Float16Array" in globalThis));
  expect(Object.keys(different).sort()).toEqual(known.sort());
}
