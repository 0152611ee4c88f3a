/** `@holdfast/core/contract`: what people who write an engine or a key-value backend implement. Types; and, shared by all of them, the page
 * size, the encoding of text, and the error class. */
export { HoldfastError, type HoldfastErrorCode, isHoldfastError } from "../error.js";
export type { KvBackend, KvBatch, KvRange, KvStore, SqliteBackend, StorageBackend } from "./backend.js";
export type {
  Authorizer,
  DriverSupport,
  OpenOptions,
  RowCounts,
  SqliteDatabase,
  SqliteDriver,
  SqliteError,
  SqliteStatement,
  SqlLimits,
  SqlValue,
} from "./driver.js";
export { type CommitMeta, type CommitPages, type Image, PAGE_SIZE, type PageChange, type ScratchFile } from "./pager.js";
export { decodeAscii, decodeWtf8, encodeWtf8 } from "./text.js";
export type {
  BookmarkResolution,
  PastRestore,
  Position,
  PositionRange,
  Timeline,
  TimelineEntry,
  TimelineReader,
  TimelineSource,
} from "./timeline.js";
