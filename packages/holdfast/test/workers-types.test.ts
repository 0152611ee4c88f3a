/** Our types and the published ones fit into each other, both ways. What does not compile fails the type check. */
import type * as published from "@cloudflare/workers-types/index.ts";
import { expect, test } from "vitest";
import type * as ours from "../src/index.js";

/** `A` can be used where `B` is asked for. */
type Fits<A extends B, B> = A;

/** What an object has none of, and what is compared by its methods below. */
type Apart = "container" | "facets";
type PublishedState = Omit<published.DurableObjectState, Apart>;
type MakesIds<T> = Pick<T, keyof T & ("idFromName" | "idFromString" | "newUniqueId")>;
/** `fetch` takes and returns this platform's own Request and Response, which are not the types of the published ones. */
type Called = "id" | "name" | "add";
type Counter = published.Rpc.DurableObjectBranded & { add(by: number): number; fetch(request: Request): Promise<Response> };

export type CheckedObjects = [
  Fits<ours.DurableObjectId, published.DurableObjectId>,
  Fits<published.DurableObjectId, ours.DurableObjectId>,
  Fits<ours.DurableObjectState, PublishedState>,
  Fits<PublishedState, ours.DurableObjectState>,
  Fits<MakesIds<ours.DurableObjectNamespace>, MakesIds<published.DurableObjectNamespace>>,
  Fits<MakesIds<published.DurableObjectNamespace>, MakesIds<ours.DurableObjectNamespace>>,
  Fits<Pick<ours.DurableObjectStub<Counter>, Called>, Pick<published.DurableObjectStub<Counter>, Called>>,
  Fits<Pick<published.DurableObjectStub<Counter>, Called>, Pick<ours.DurableObjectStub<Counter>, Called>>,
];

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
