/** Arguments of `get`, `put` and `delete` of both kinds of storage, converted and checked in the platform's order (`spec/kv` §1.1). */
import { notOfType, PUT_FORMS, PUT_UNDEFINED } from "../messages.js";
import { toText } from "../sql/bindings.js";
import { optionsObject } from "./list-options.js";

export interface GetOptions {
  /** Let other events in while the storage is read. Without effect on SQLite-backed objects, and where the value is in memory. */
  allowConcurrency?: boolean;
  /** Do not keep the value in memory. Without effect on SQLite-backed objects. */
  noCache?: boolean;
}

export interface PutOptions extends GetOptions {
  /** Do not hold back what the object sends until this write is durable. */
  allowUnconfirmed?: boolean;
}

export interface ReadFlags {
  readonly allowConcurrency: boolean;
  readonly noCache: boolean;
}

export interface WriteFlags extends ReadFlags {
  /** What the object sends waits until it is durable. */
  readonly confirmed: boolean;
}

export type PutArguments =
  | { readonly kind: "pair"; readonly key: string; readonly value: unknown; readonly options: WriteFlags }
  | { readonly kind: "entries"; readonly entries: readonly (readonly [string, unknown])[]; readonly options: WriteFlags };

/** @throws TypeError */
export function getArguments(args: readonly unknown[], owner: string): { keys: string | string[]; options: ReadFlags } {
  const keys = keysOf("get", args, owner);
  return { keys, options: readFlags(optionsObject(args[1], "get", owner, 2, "GetOptions")) };
}

/** @throws TypeError */
export function deleteArguments(args: readonly unknown[], owner: string): { keys: string | string[]; options: WriteFlags } {
  const keys = keysOf("delete", args, owner);
  return { keys, options: writeFlags("delete", args[1], 2, owner) };
}

/** Values are read when they are stored: getters run here. @throws TypeError */
export function putArguments(args: readonly unknown[], owner: string): PutArguments {
  if (args.length === 0) throw notOfType("put", owner, 1, "string or object");
  const [first, second] = args;
  const isKey = (typeof first !== "object" && typeof first !== "function") || first === null || Array.isArray(first);
  if (isKey) {
    const key = toText(first);
    const options = writeFlags("put", args[2], 3, owner);
    if (second === undefined) throw new TypeError(PUT_UNDEFINED);
    return { kind: "pair", key, value: second, options };
  }
  if (second !== undefined && second !== null && typeof second !== "object" && typeof second !== "function") {
    throw new TypeError(PUT_FORMS);
  }
  const options = writeFlags("put", second, 2, owner);
  writeFlags("put", args[2], 3, owner);
  return { kind: "entries", entries: Object.entries(first as object).filter(([, value]) => value !== undefined), options };
}

/** @throws TypeError for a primitive */
export function writeFlags(method: string, options: unknown, parameter: number, owner: string): WriteFlags {
  const fields = optionsObject(options, method, owner, parameter, "PutOptions");
  return { confirmed: !fields?.["allowUnconfirmed"], ...readFlags(fields) };
}

export function readFlags(fields: Record<string, unknown> | undefined): ReadFlags {
  return { allowConcurrency: Boolean(fields?.["allowConcurrency"]), noCache: Boolean(fields?.["noCache"]) };
}

function keysOf(method: string, args: readonly unknown[], owner: string): string | string[] {
  if (args.length === 0) throw notOfType(method, owner, 1, "string or Array");
  const [keys] = args;
  return Array.isArray(keys) ? Array.from(keys, toText) : toText(keys);
}
