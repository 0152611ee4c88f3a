/** Timelines over a store: what core opens objects with. */
import type { Position, Timeline, TimelineReader, TimelineSource } from "@holdfast/core/contract";
import { imageParts, LogTimeline, type TimelineParts } from "./log-timeline.js";
import { TimelineView } from "./timeline-view.js";

/** The timelines kept in a store. Clock and randomness are passed in, so that tests and simulations can drive them. */
export function timelineSource(parts: TimelineParts): TimelineSource {
  const view = { images: imageParts(parts.store), now: () => parts.now() };
  return {
    open: (objectId: string): Promise<Timeline> => LogTimeline.open(parts, objectId),
    read: async (objectId: string): Promise<TimelineReader> => new TimelineView(await parts.store.read(objectId), objectId, view),
    list: (prefix?: string): AsyncIterable<string> => parts.store.list(prefix),
    fork: async (objectId: string, to: string, at?: Position): Promise<void> => {
      const reader = await parts.store.read(objectId);
      const position = at ?? reader.head;
      await reader.close();
      if (position.incarnation !== 0n) await parts.store.fork(objectId, position, to);
    },
    delete: (objectId: string): Promise<void> => parts.store.delete(objectId),
  };
}
