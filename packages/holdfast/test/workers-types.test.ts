/** Our types and the published ones fit into each other, both ways. What does not compile fails the type check. */
import type * as published from "@cloudflare/workers-types/index.ts";
import { expect, test } from "vitest";
import type * as ours from "../src/index.js";

/** `A` can be used where `B` is asked for. */
type Fits<A extends B, B> = A;

/** What an object has none of (parity: ctx-container), and what is compared by its parts below. */
type Apart = "container" | "facets";
type OurState = Omit<ours.DurableObjectState, Apart>;
type OurFacets = ours.DurableObjectState["facets"];
type PublishedState = Omit<published.DurableObjectState, Apart>;
type MakesIds<T> = Pick<T, keyof T & ("idFromName" | "idFromString" | "newUniqueId")>;
/** `fetch` takes and returns this platform's own Request and Response, which are not the types of the published ones. */
type Called = "id" | "name" | "add";
type Counter = published.Rpc.DurableObjectBranded & { add(by: number): number; fetch(request: Request): Promise<Response> };

export type CheckedObjects = [
  Fits<ours.DurableObjectId, published.DurableObjectId>,
  Fits<published.DurableObjectId, ours.DurableObjectId>,
  Fits<OurState, PublishedState>,
  Fits<PublishedState, OurState>,
  Fits<Omit<OurFacets, "get">, Omit<published.DurableObjectFacets, "get">>,
  Fits<Omit<published.DurableObjectFacets, "get">, Omit<OurFacets, "get">>,
  Fits<ours.FacetStartupOptions, published.FacetStartupOptions>,
  Fits<published.FacetStartupOptions, ours.FacetStartupOptions>,
  Fits<Pick<ours.FacetStub<Counter>, "add">, Pick<published.Fetcher<Counter>, "add">>,
  Fits<Pick<published.Fetcher<Counter>, "add">, Pick<ours.FacetStub<Counter>, "add">>,
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
