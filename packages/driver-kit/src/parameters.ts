/** parameters.ts
 * node:sqlite binds by name what has a name (`?3` is one), and by position the rest; and it does not say how many parameters there are. */
import type { SqlValue } from "@holdfast/core/contract";
import { tokenize } from "./tokens.js";

export interface Parameters {
  readonly count: number;
  /** Their names by SQLite's numbers, from 1; `undefined` for a bare `?`. */
  readonly names: ReadonlyMap<number, string | undefined>;
  /** Whether any has a name. */
  readonly areNamed: boolean;
}

/** By SQLite's rules: `?` takes the number after the highest so far, `?N` is N, a name takes a new number where it is first seen. */
export function parametersOf(sql: string): Parameters {
  const names = new Map<number, string | undefined>();
  const numbers = new Map<string, number>();
  let count = 0;
  for (const { kind, text } of tokenize(sql)) {
    if (kind !== "parameter") continue;
    const explicit = /^\?(\d+)$/.exec(text)?.[1];
    const number = explicit === undefined ? (numbers.get(text) ?? count + 1) : Number(explicit);
    const isBare = text === "?";
    if (!isBare) numbers.set(text, number);
    count = Math.max(count, number);
    if (!names.get(number)) names.set(number, isBare ? undefined : text);
  }
  return { count, names, areNamed: [...names.values()].some((name) => name !== undefined) };
}

/** Values in SQLite's order as node:sqlite takes them. */
export function bindingsOf(
  { names, areNamed }: Parameters,
  values: readonly SqlValue[],
): (SqlValue | Record<string, SqlValue>)[] {
  if (!areNamed) return [...values];
  const named: Record<string, SqlValue> = {};
  const positional: SqlValue[] = [];
  for (const [number, name] of [...names].sort(([a], [b]) => a - b)) {
    const value = values[number - 1] ?? null;
    if (name === undefined) positional.push(value);
    else named[name] = value;
  }
  return [named, ...positional];
}
