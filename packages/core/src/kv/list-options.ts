/** Options of `list()`, converted and checked in the platform's order (`spec/kv` §1.1, §1.5). */

import { encodeWtf8 } from "../contract/index.js";
import { LIST_LIMIT, LIST_START_AND_START_AFTER, notOfType, OUT_OF_INT32 } from "../messages.js";
import { toText } from "../sql/bindings.js";
import { compareBytes } from "./compare-bytes.js";
import type { KeyRange } from "./kv-table.js";

export interface ListOptions {
  /** Smallest key, inclusive. Not together with `startAfter`. */
  start?: string;
  /** Smallest key, exclusive. */
  startAfter?: string;
  /** Smallest key that is left out above. */
  end?: string;
  prefix?: string;
  /** Descending order; the meaning of the bounds stays. */
  reverse?: boolean;
  /** Greater than 0. */
  limit?: number;
  /** Accepted; without effect on SQLite-backed objects. */
  allowConcurrency?: boolean;
  /** Accepted; without effect on SQLite-backed objects. */
  noCache?: boolean;
}

export interface CheckedList {
  /** `undefined` if no key can be in the range. */
  readonly range: KeyRange | undefined;
  readonly limit: number | undefined;
}

/** @throws TypeError */
export function checkListOptions(options: unknown, owner: string): CheckedList {
  const fields = optionsObject(options, "list", owner, 1, "ListOptions");
  const text = (field: string) => {
    const value = fields?.[field];
    return value === undefined ? undefined : toText(value);
  };
  const start = text("start");
  const startAfter = text("startAfter");
  const end = text("end");
  const prefix = text("prefix");
  const reverse = Boolean(fields?.["reverse"]);
  const given = fields?.["limit"];
  const limit = given === undefined ? undefined : toInt32(given);
  if (start !== undefined && startAfter !== undefined) throw new TypeError(LIST_START_AND_START_AFTER);
  if (limit !== undefined && limit <= 0) throw new TypeError(LIST_LIMIT);
  return { range: toRange(start, startAfter, end, prefix, reverse), limit };
}

/** Checks an options argument: absent, `null` or any object. @throws TypeError for a primitive */
export function optionsObject(
  options: unknown,
  method: string,
  owner: string,
  parameter: number,
  type: string,
): Record<string, unknown> | undefined {
  if (options === undefined || options === null) return undefined;
  if (typeof options !== "object" && typeof options !== "function") throw notOfType(method, owner, parameter, type);
  return options as Record<string, unknown>;
}

function toInt32(value: unknown): number {
  if (typeof value === "bigint") throw new TypeError("Cannot convert a BigInt value to a number");
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a number");
  const number = Number(value);
  if (!Number.isFinite(number)) return 0;
  if (number > 2 ** 31 - 1 || number < -(2 ** 31)) throw new TypeError(OUT_OF_INT32);
  return Math.trunc(number);
}

function toRange(
  start: string | undefined,
  startAfter: string | undefined,
  end: string | undefined,
  prefix: string | undefined,
  reverse: boolean,
): KeyRange | undefined {
  let low = start === undefined ? undefined : encodeWtf8(start);
  if (startAfter !== undefined) low = append(encodeWtf8(startAfter), 0);
  let high = end === undefined ? undefined : encodeWtf8(end);
  if (prefix !== undefined && prefix !== "") {
    const from = encodeWtf8(prefix);
    const to = afterPrefix(from);
    if (!low || compareBytes(low, from) < 0) low = from;
    if (to && (!high || compareBytes(high, to) > 0)) high = to;
  }
  if (low && high && compareBytes(low, high) >= 0) return undefined;
  if (high && high.length === 0) return undefined;
  return { ...(low && { start: low }), ...(high && { end: high }), reverse };
}

function append(bytes: Uint8Array, byte: number): Uint8Array {
  return Uint8Array.from([...bytes, byte]);
}

/** The smallest bytes above everything with the prefix; `undefined` if there are none. */
function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  const end = prefix.slice(0, length);
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end;
}
