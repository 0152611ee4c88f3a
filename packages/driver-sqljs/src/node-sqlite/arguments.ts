/** Checks of arguments, in Node's words. */
import { nodeError } from "./node-error.js";

export function expectString(value: unknown, name: string): string {
  if (typeof value !== "string") throw nodeError("ERR_INVALID_ARG_TYPE", `The "${name}" argument must be a string.`);
  return value;
}

export function expectBoolean(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") throw nodeError("ERR_INVALID_ARG_TYPE", `The "${name}" argument must be a boolean.`);
  return value;
}

export function expectFunction(value: unknown, name: string): (...args: never[]) => unknown {
  if (typeof value !== "function") throw nodeError("ERR_INVALID_ARG_TYPE", `The "${name}" argument must be a function.`);
  return value as (...args: never[]) => unknown;
}

export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** The options object among arguments; `undefined` if there are too few. An explicit `undefined` is no object. */
export function optionsAt(args: readonly unknown[], index: number): Readonly<Record<string, unknown>> | undefined {
  if (args.length <= index) return undefined;
  const value = args[index];
  if (!isObject(value)) throw nodeError("ERR_INVALID_ARG_TYPE", 'The "options" argument must be an object.');
  return value as Readonly<Record<string, unknown>>;
}

/** A boolean option; `undefined` means the default. */
export function booleanOption(options: Readonly<Record<string, unknown>> | undefined, name: string, byDefault: boolean): boolean {
  const value = options?.[name];
  return value === undefined ? byDefault : expectBoolean(value, `options.${name}`);
}

export function isInt32(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value === (value | 0) && !Object.is(value, -0);
}
