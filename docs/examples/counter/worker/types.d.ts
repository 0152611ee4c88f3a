/// <reference types="@cloudflare/workers-types" />

/** What `wrangler types` would write: the worker's bindings. */
interface Env {
  COUNTER: DurableObjectNamespace<import("./counter.js").Counter>;
}

/** The published types say that a column may hold text or bytes, so `return result?.value || 1` would not be a number to them. The class
 * is shown as its author wrote it; this overload leaves the row's type open, as the author must have had it. */
interface SqlStorage {
  // biome-ignore lint/suspicious/noExplicitAny: that is the point
  exec(query: string, ...bindings: any[]): SqlStorageCursor<any>;
}
