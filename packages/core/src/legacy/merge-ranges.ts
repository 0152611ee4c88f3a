import type { Value } from "./write-batch.js";

/** A key, as a text of its bytes, and its value. */
export type Pair = readonly [key: string, value: Uint8Array];

/** What a range holds: pairs of the store in its direction, and over them what was written since, `null` for what was deleted. */
export function mergeRanges(
  written: ReadonlyMap<string, Value>,
  stored: readonly Pair[],
  limit: number | undefined,
  reverse: boolean,
): Pair[] {
  if (written.size === 0) return limit === undefined ? [...stored] : stored.slice(0, limit);
  const all = new Map<string, Value>(stored);
  for (const [key, value] of written) all.set(key, value);
  const pairs = [...all].filter((pair): pair is [string, Uint8Array] => pair[1] !== null);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  if (reverse) pairs.reverse();
  return pairs.slice(0, limit);
}
