/** `holdfast`: Durable Objects storage, running anywhere JavaScript runs. */
export type {
  Cell,
  Cursor,
  DurableObjectStorage,
  GetOptions,
  ListOptions,
  PutOptions,
  SqlRow,
  SqlStorage,
  SyncKvStorage,
} from "@holdfast/core";
export { HoldfastError, type HoldfastErrorCode, isHoldfastError } from "@holdfast/core";
export { type SqliteWasmOptions, sqliteWasm } from "@holdfast/driver-wasm";
export type {
  DurableObjectBinding,
  DurableObjectId,
  DurableObjectNamespace,
  DurableObjectState,
  DurableObjectStub,
  Host,
} from "@holdfast/host";
export { memoryStore } from "@holdfast/timeline";
export { folderStore } from "#parts";
export { type OpenHostOptions, openHost } from "./open-host.js";
export { OpenedStorage, type OpenStorageOptions, openStorage } from "./open-storage.js";
