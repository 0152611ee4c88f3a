/** parameters.ts
 * Binds the arguments of `get`, `all`, `run` and `iterate` as `node:sqlite` does: by name from a first argument that is an object, by position
 * from the others. */
import { parametersOf } from "@holdfast/driver-kit";
import { isObject } from "./arguments.js";
import { bytesOf } from "./native-values.js";
import { nodeError } from "./node-error.js";

export interface ParameterParts {
  /** The statement's text. */
  readonly sql: string;
  readonly allowBareNames: boolean;
  readonly allowUnknownNames: boolean;
  /** Binds a value to SQLite's parameter number. @throws what Node throws */
  bind(index: number, value: unknown): void;
}

/** Names without their prefixes; kept for all runs of a statement. */
export type BareNames = Map<string, string>;

/** @returns the bare names, if they were needed */
export function bindArguments(parts: ParameterParts, args: readonly unknown[], known: { bareNames?: BareNames }): void {
  const { names, count } = parametersOf(parts.sql);
  const numbers = new Map([...names].flatMap(([number, name]) => (name === undefined ? [] : [[name, number] as const])));
  const [first] = args;
  const isNamed = isObject(first) && bytesOf(first) === undefined;
  if (isNamed) bindNamed(parts, first, numbers, known);
  let index = 1;
  for (const value of isNamed ? args.slice(1) : args) {
    while (index <= count && isNameOfItsOwn(names.get(index))) index += 1;
    parts.bind(index, value);
    index += 1;
  }
}

/** `?` and `?3` are positions; `:a`, `@a` and `$a` are names. */
function isNameOfItsOwn(name: string | undefined): boolean {
  return name !== undefined && !name.startsWith("?");
}

function bindNamed(
  { allowBareNames, allowUnknownNames, bind }: ParameterParts,
  values: object,
  numbers: ReadonlyMap<string, number>,
  known: { bareNames?: BareNames },
): void {
  if (allowBareNames && !known.bareNames) {
    known.bareNames = new Map(); // and stays, as far as it got
    for (const name of [...numbers].sort(([, a], [, b]) => a - b).map(([name]) => name)) addBareName(known.bareNames, name);
  }
  for (const key of Object.keys(values)) {
    const name = (key.split("\0", 1)[0] ?? "").toWellFormed();
    const full = numbers.has(name) ? name : allowBareNames ? known.bareNames?.get(name) : undefined;
    const number = full === undefined ? undefined : numbers.get(full);
    if (number !== undefined) bind(number, (values as Record<string, unknown>)[key]);
    else if (!allowUnknownNames) throw nodeError("ERR_INVALID_STATE", `Unknown named parameter '${key.toWellFormed()}'`);
  }
}

function addBareName(bareNames: BareNames, name: string): void {
  const bare = name.slice(1);
  const other = bareNames.get(bare);
  if (other !== undefined) {
    throw nodeError(
      "ERR_INVALID_STATE",
      `Cannot create bare named parameter '${bare}' because of conflicting names '${other}' and '${name}'.`,
    );
  }
  bareNames.set(bare, name);
}
