/** Our types and the published ones fit into each other, both ways. What does not compile fails the type check. */
import type * as published from "@cloudflare/workers-types/index.ts";
import { expect, test } from "vitest";
import type * as ours from "../src/index.js";

/** `A` can be used where `B` is asked for. */
type Fits<A extends B, B> = A;

export type Checked = [
  Fits<ours.DurableObjectStorage, published.DurableObjectStorage>,
  Fits<published.DurableObjectStorage, ours.DurableObjectStorage>,
  Fits<ours.DurableObjectTransaction, published.DurableObjectTransaction>,
  Fits<ours.SqlStorage, published.SqlStorage>,
  Fits<published.SqlStorage, ours.SqlStorage>,
  Fits<ours.Cursor<{ n: number }>, published.SqlStorageCursor<{ n: number }>>,
  Fits<published.SqlStorageCursor<{ n: number }>, ours.Cursor<{ n: number }>>,
  Fits<ours.SyncKvStorage, published.SyncKvStorage>,
  Fits<published.SyncKvStorage, ours.SyncKvStorage>,
];

test("types fit both ways", () => {
  const names: (keyof ours.DurableObjectStorage & keyof published.DurableObjectStorage)[] = ["sql", "kv", "transaction"];
  expect(names.length).toBe(3);
});
