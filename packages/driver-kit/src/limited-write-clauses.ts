/** Finds the clauses of an `UPDATE … LIMIT` or `DELETE … LIMIT` among its tokens. */
import { isKeyword, nameOf, type Token } from "./tokens.js";

/** Places in the statement, as token numbers; where a clause is missing, that of the next one. */
export interface LimitedWrite {
  readonly verb: "UPDATE" | "DELETE";
  readonly table: string;
  /** What the statement calls its table: the alias, or the table. */
  readonly name: string;
  /** The table with its alias and INDEXED BY. */
  readonly source: number;
  readonly sourceEnd: number;
  /** The FROM of an UPDATE. */
  readonly from: number;
  readonly where: number;
  readonly returning: number;
  readonly order: number;
  readonly limit: number;
  /** The first token of ORDER BY or LIMIT. */
  readonly tail: number;
}

/** `undefined` if it is no such statement. */
export function findLimitedWrite(tokens: readonly Token[]): LimitedWrite | undefined {
  const outer = outerTokens(tokens);
  const find = (from: number, ...keywords: string[]): number =>
    outer.find((i) => i >= from && isKeyword(tokens[i], ...keywords)) ?? tokens.length;
  const first = isKeyword(tokens[0], "EXPLAIN") ? (isKeyword(tokens[1], "QUERY") ? 3 : 1) : 0;
  const start = isKeyword(tokens[first], "WITH") ? find(first, "DELETE", "UPDATE") : first;
  const verb = isKeyword(tokens[start], "DELETE") ? "DELETE" : isKeyword(tokens[start], "UPDATE") ? "UPDATE" : undefined;
  if (!verb) return undefined;
  let source = start + 1;
  if (verb === "DELETE")
    source += 1; // FROM
  else if (isKeyword(tokens[source], "OR")) source += 2;
  const last = tokens[source + 1]?.text === "." ? source + 2 : source;
  const table = nameOf(tokens[last]);
  const limit = find(source, "LIMIT");
  const order = find(source, "ORDER");
  const tail = Math.min(order, limit);
  if (table === undefined || tail === tokens.length) return undefined;
  const name = isKeyword(tokens[last + 1], "AS") ? (nameOf(tokens[last + 2]) ?? table) : table;
  const returning = Math.min(find(source, "RETURNING"), tail);
  const where = Math.min(find(source, "WHERE"), returning);
  const set = verb === "UPDATE" ? find(source, "SET") : where;
  const from =
    verb === "UPDATE"
      ? outer.find((i) => i > set && i < where && isKeyword(tokens[i], "FROM") && !isKeyword(tokens[i - 1], "DISTINCT"))
      : undefined;
  const sourceEnd = Math.min(set, where);
  return { verb, table, name, source, sourceEnd, from: from ?? where, where, returning, order, limit, tail };
}

/** Numbers of the tokens that are in no parentheses. */
function outerTokens(tokens: readonly Token[]): number[] {
  let depth = 0;
  const outer: number[] = [];
  for (const [i, { text }] of tokens.entries()) {
    if (text === ")") depth -= 1;
    if (depth === 0) outer.push(i);
    if (text === "(") depth += 1;
  }
  return outer;
}

/** What SET gives to what, as token numbers; a row of columns that gets a row of values is several. `undefined` if a row gets a subquery's. */
export function assignments(
  tokens: readonly Token[],
  from: number,
  to: number,
): { readonly target: Range; readonly value: Range }[] | undefined {
  const found: { target: Range; value: Range }[] = [];
  for (const item of splitAtCommas(tokens, { from, to })) {
    const equals = tokens.findIndex(({ text }, i) => i >= item.from && text === "=");
    const target = { from: item.from, to: equals };
    const value = { from: equals + 1, to: item.to };
    if (equals < 0 || equals >= item.to) return undefined;
    if (tokens[target.from]?.text !== "(") {
      found.push({ target, value });
      continue;
    }
    const isRow = tokens[value.from]?.text === "(" && tokens[value.to - 1]?.text === ")";
    const targets = splitAtCommas(tokens, inside(target));
    const values = isRow ? splitAtCommas(tokens, inside(value)) : [];
    if (targets.length !== values.length || isKeyword(tokens[value.from + 1], "SELECT", "VALUES", "WITH")) return undefined;
    for (const [i, one] of targets.entries()) found.push({ target: one, value: values[i] as Range });
  }
  return found;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

const inside = ({ from, to }: Range): Range => ({ from: from + 1, to: to - 1 });

function splitAtCommas(tokens: readonly Token[], { from, to }: Range): Range[] {
  const ranges: Range[] = [];
  let start = from;
  for (const i of outerTokens(tokens.slice(from, to)).map((i) => i + from)) {
    if (tokens[i]?.text !== ",") continue;
    ranges.push({ from: start, to: i });
    start = i + 1;
  }
  return [...ranges, { from: start, to }];
}
