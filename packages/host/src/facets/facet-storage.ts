/** Where the facets of an object are kept: timelines of their own, under the object's (`spec/runtime` has none; measured live). */
import type { Position, TimelineSource } from "@holdfast/core/contract";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** The id of a facet's timeline: the object's, a point, and the name. Names that are long or not simple are told by their hash. */
export function facetId(objectId: string, name: string): string {
  const isSimple = /^[a-z0-9_-]{1,24}$/.test(name);
  return `${objectId}.${isSimple ? name : `H${bytesToHex(sha256(utf8ToBytes(name))).slice(0, 32)}`}`;
}

/** What is known of a timeline that a session has open: how far it reaches, and when that is durable. */
export interface OpenHead {
  readonly head: Position;
  readonly durable: Promise<void>;
}

/** The ids of facets below an object, at every depth. */
async function below(timelines: TimelineSource, objectId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of timelines.list(`${objectId}.`)) ids.push(id);
  return ids;
}

/** Deletes the facets below an object. `released` resolves when a session has let go of its timeline. */
export async function deleteBelow(
  timelines: TimelineSource,
  objectId: string,
  released: (id: string) => Promise<void>,
): Promise<void> {
  for (const id of await below(timelines, objectId)) {
    await released(id);
    await timelines.delete(id);
  }
}

/** Deletes a facet and those below it. */
export async function deleteFacet(
  timelines: TimelineSource,
  objectId: string,
  released: (id: string) => Promise<void>,
): Promise<void> {
  await deleteBelow(timelines, objectId, released);
  await released(objectId);
  await timelines.delete(objectId);
}

/** Copies a facet, and those below it, to another place that holds nothing. `open`: what sessions had open when the copy was asked for. */
export async function copyFacet(
  timelines: TimelineSource,
  { from, to, open }: { readonly from: string; readonly to: string; readonly open: ReadonlyMap<string, OpenHead> },
): Promise<void> {
  for (const id of [from, ...(await below(timelines, from))]) {
    const known = open.get(id);
    await known?.durable;
    await timelines.fork(id, `${to}${id.slice(from.length)}`, known?.head);
  }
}
