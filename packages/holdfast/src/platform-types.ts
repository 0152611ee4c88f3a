/** The platform's classes as types: assignable to and from those of `@cloudflare/workers-types`. */
import type * as core from "@holdfast/core";
import type * as host from "@holdfast/host";

export type DurableObjectStorage = core.Public<core.DurableObjectStorage>;
export type DurableObjectTransaction = core.Public<core.DurableObjectTransaction>;
export type SqlStorage = core.Public<core.SqlStorage>;
export type SyncKvStorage = core.Public<core.SyncKvStorage>;
export type Cursor<T extends core.SqlRow = core.SqlRow> = core.Public<core.Cursor<T>>;
export type DurableObjectId = core.Public<host.DurableObjectId>;
export type DurableObjectNamespace<T = unknown> = core.Public<host.DurableObjectNamespace<T>>;
export type DurableObjectState = core.Public<host.DurableObjectState>;
