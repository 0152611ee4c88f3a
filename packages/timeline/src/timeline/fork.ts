/** Another object whose history begins with this one's (T4). */
import type { Position } from "@holdfast/core/contract";
import { LogTimeline, type TimelineParts } from "./log-timeline.js";

/** Copies the records and gives the copy an incarnation of its own, so that the two never accept each other's later bookmarks. */
export async function forkHistory(
  parts: TimelineParts,
  fork: { readonly from: string; readonly at: Position; readonly to: string },
): Promise<void> {
  await parts.store.fork(fork.from, fork.at, fork.to);
  const copy = await LogTimeline.open(parts, fork.to, { newIncarnation: true });
  await copy.close();
}
