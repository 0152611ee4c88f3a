/** What went wrong, coarsely, and so what to do:
 * - `HOLDFAST_CLOSED`: it was closed or reset. *Restart*: open it again.
 * - `HOLDFAST_ENGINE_LOST`: the SQLite engine broke down (a wasm trap). *Restart*: what is durable is untouched.
 * - `HOLDFAST_FENCED`: another process took the object over. *Restart* there; nothing unacknowledged of ours is kept.
 * - `HOLDFAST_HELD`: another process has the folder. *Close* it there; the message names it.
 * - `HOLDFAST_LOG_CORRUPT`: stored bytes are damaged in a way no crash explains. *Repair*; nothing was changed.
 * - `HOLDFAST_NEEDS_HOST`: an alarm was asked for where nobody runs any. Use `openHost`.
 * - `HOLDFAST_NEEDS_STORE`: a folder was asked for where there is none. Pass a store.
 * - `HOLDFAST_STORE_FAILED`: the store refused or failed a write. *Restart* from what is durable.
 * - `HOLDFAST_UNSUPPORTED`: this engine, platform or version cannot do it.
 * - `HOLDFAST_USAGE`: the call is wrong; the message says how. */
export type HoldfastErrorCode =
  | "HOLDFAST_CLOSED"
  | "HOLDFAST_ENGINE_LOST"
  | "HOLDFAST_FENCED"
  | "HOLDFAST_HELD"
  | "HOLDFAST_LOG_CORRUPT"
  | "HOLDFAST_NEEDS_HOST"
  | "HOLDFAST_NEEDS_STORE"
  | "HOLDFAST_STORE_FAILED"
  | "HOLDFAST_UNSUPPORTED"
  | "HOLDFAST_USAGE";

const marker: symbol = Symbol.for("holdfast.error");

/** An error of holdfast's own; errors that Cloudflare's API raises are plain `Error` and `TypeError` with the platform's texts. */
export class HoldfastError extends Error {
  static {
    Object.defineProperty(HoldfastError.prototype, marker, { value: true });
  }

  readonly code: HoldfastErrorCode;

  constructor(code: HoldfastErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HoldfastError";
    this.code = code;
  }
}

/** Whether a value is a {@link HoldfastError}, also one made by another copy of this package. */
export function isHoldfastError(value: unknown): value is HoldfastError {
  return typeof value === "object" && value !== null && marker in value;
}
