/** `holdfast`: Durable Objects storage, running anywhere JavaScript runs. */
export type {
  AlarmOptions,
  Cell,
  GetOptions,
  HistoryEntry,
  ListOptions,
  ObjectHistory,
  PutOptions,
  SqlRow,
  TableSize,
} from "@holdfast/core";
export { HoldfastError, type HoldfastErrorCode, isHoldfastError, memoryKv } from "@holdfast/core";
export type { KvBackend, KvBatch, KvRange, KvStore, PastRestore } from "@holdfast/core/contract";
export { type SqliteWasmOptions, sqliteWasm } from "@holdfast/driver-wasm";
export type {
  DurableObjectBinding,
  DurableObjectStub,
  FacetStartupOptions,
  FacetStub,
  Host,
  ObjectWebSocket,
  RequestResponsePair,
} from "@holdfast/host";
export { memoryStore } from "@holdfast/timeline";
export { folderStore } from "#parts";
export { type OpenHistoryOptions, openHistory } from "./open-history.js";
export { type OpenHostOptions, openHost } from "./open-host.js";
export { OpenedStorage, type OpenStorageOptions, openStorage } from "./open-storage.js";
export type { Clock } from "./platform.js";
export type {
  Cursor,
  DurableObjectId,
  DurableObjectNamespace,
  DurableObjectState,
  DurableObjectStorage,
  DurableObjectTransaction,
  SqlStorage,
  SyncKvStorage,
} from "./platform-types.js";
