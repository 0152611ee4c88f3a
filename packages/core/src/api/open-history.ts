/** Opens an object's history for reading. */
import type { SqliteBackend } from "../contract/index.js";
import { ObjectHistory } from "../recovery/object-history.js";
import { CACHE_BYTES, LIMITS, maxPageCount } from "./object-limits.js";

export interface HistoryParts {
  readonly backend: SqliteBackend;
  readonly objectId: string;
  /** Called when the history is closed. */
  onClosed(): Promise<void>;
}

/** The history of an object, also while another process runs it: as far as it is durable now.
 * @throws HoldfastError `HOLDFAST_LOG_CORRUPT`, as a rejection */
export async function openHistory({ backend, objectId, onClosed }: HistoryParts): Promise<ObjectHistory> {
  const { driver, timelines, limits } = backend;
  const timeline = await timelines.read(objectId);
  const sizes = { limits: { ...LIMITS, ...limits }, cacheBytes: CACHE_BYTES, maxPageCount: maxPageCount() };
  return new ObjectHistory({ timeline, driver, objectId, ...sizes }, onClosed);
}
