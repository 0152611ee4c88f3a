/** What depends on the worker's compatibility date and flags. */
import { HoldfastError } from "@holdfast/core/contract";

export interface CompatibilityOptions {
  /** `YYYY-MM-DD`, as in the worker's configuration; the newest behaviour if left out. */
  readonly compatibilityDate?: string;
  readonly compatibilityFlags?: readonly string[];
}

export interface Compatibility {
  /** `deleteAll()` deletes the alarm too (`spec/runtime` §7.6). */
  readonly deletesAlarm: boolean;
  /** Errors cross with their own properties and names (`spec/runtime` §4.4). */
  readonly enhancedErrors: boolean;
  /** Bytes arrive at a WebSocket's listeners as `Blob`s, unless it says otherwise. */
  readonly socketsGiveBlobs: boolean;
  /** An accepted WebSocket answers a close by itself. */
  readonly socketsReplyToClose: boolean;
  /** A WebSocket's reason for closing has at most 123 bytes. */
  readonly socketsLimitReasons: boolean;
}

/** @throws HoldfastError `HOLDFAST_USAGE` for something that is no date, or flags that exclude each other */
export function compatibility({ compatibilityDate: date, compatibilityFlags: flags = [] }: CompatibilityOptions): Compatibility {
  if (date !== undefined && !/^\d{4}-\d\d-\d\d$/.test(date)) {
    throw new HoldfastError("HOLDFAST_USAGE", `compatibilityDate must look like 2026-11-17, but is '${date}'.`);
  }
  const switched = (since: string, on: string, off: string): boolean => {
    if (flags.includes(on) && flags.includes(off)) {
      throw new HoldfastError("HOLDFAST_USAGE", `The compatibility flags ${on} and ${off} exclude each other.`);
    }
    return !flags.includes(off) && (flags.includes(on) || date === undefined || date >= since);
  };
  return {
    deletesAlarm: switched("2026-02-24", "delete_all_deletes_alarm", "delete_all_preserves_alarm"),
    enhancedErrors: switched("2026-04-21", "enhanced_error_serialization", "legacy_error_serialization"),
    socketsGiveBlobs: switched("2026-03-17", "websocket_standard_binary_type", "no_websocket_standard_binary_type"),
    socketsReplyToClose: switched("2026-04-07", "web_socket_auto_reply_to_close", "web_socket_manual_reply_to_close"),
    socketsLimitReasons: switched("2026-03-03", "websocket_close_reason_byte_limit", "no_websocket_close_reason_byte_limit"),
  };
}
