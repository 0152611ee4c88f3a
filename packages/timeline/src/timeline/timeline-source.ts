/** Timelines over a store: what core opens objects with. */
import type { Timeline, TimelineSource } from "@holdfast/core/contract";
import { LogTimeline, type TimelineParts } from "./log-timeline.js";

/** The timelines kept in a store. Clock and randomness are passed in, so that tests and simulations can drive them. */
export function timelineSource(parts: TimelineParts): TimelineSource {
  return {
    open: (objectId: string): Promise<Timeline> => LogTimeline.open(parts, objectId),
    list: (prefix?: string): AsyncIterable<string> => parts.store.list(prefix),
    delete: (objectId: string): Promise<void> => parts.store.delete(objectId),
  };
}
