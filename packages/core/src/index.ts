/** `@holdfast/core`: Durable Objects storage over a driver and a timeline. Most people want `holdfast`, which puts the parts together. */
export { DurableObjectStorage } from "./api/durable-object-storage.js";
export type { DurableObjectTransaction } from "./api/durable-object-transaction.js";
export { type SessionParts, StorageSession } from "./api/storage-session.js";
export { HoldfastError, type HoldfastErrorCode, isHoldfastError } from "./error.js";
export type { OutputGate } from "./gate/output-gate.js";
export type { Scope } from "./gate/scope.js";
export type { TurnParts, Turns } from "./gate/turn.js";
export type { GetOptions, PutOptions } from "./kv/async-kv-storage.js";
export { deserialize } from "./kv/codec/deserialize.js";
export { serialize } from "./kv/codec/serialize.js";
export type { ListOptions } from "./kv/list-options.js";
export type { SyncKvStorage } from "./kv/sync-kv-storage.js";
export { ABORTED, notOfType } from "./messages.js";
export type { Alarm } from "./metadata/alarm.js";
export type { AlarmOptions } from "./metadata/alarm-storage.js";
export type { Cell } from "./sql/bindings.js";
export type { Cursor, SqlRow } from "./sql/cursor.js";
export type { SqlStorage } from "./sql/sql-storage.js";
