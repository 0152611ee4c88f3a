/** `@holdfast/timeline`: an object's whole history over any store. */
export { memoryStore } from "./memory/memory-store.js";
export { END_OF_EPOCH } from "./timeline/bookmark.js";
export type { TimelineParts } from "./timeline/log-timeline.js";
export { timelineSource } from "./timeline/timeline-source.js";
