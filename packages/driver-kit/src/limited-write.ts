/** limited-write.ts
 * `UPDATE … LIMIT` and `DELETE … LIMIT` for engines compiled without them: the same statement with the rows chosen by a subquery, as
 * SQLite itself does it where it can. */
import { SqliteFailure } from "./sqlite-failure.js";
import { firstStatement, isKeyword, nameOf, type Token } from "./tokens.js";

export interface Rewritten {
  readonly sql: string;
  /** The text behind the statement. */
  readonly tail: string;
}

/** `keyOf` for a table that does not exist. */
export const NO_TABLE = "no table";

/** The first statement of `sql` without ORDER BY and LIMIT of its own; `undefined` if it is no such statement.
 * @param keyOf expressions that identify a row of a table: `["rowid"]`, or the primary key's columns; `undefined` if there are none
 * @throws SqliteFailure for ORDER BY without LIMIT, and for a table that does not exist */
export function rewriteLimitedWrite(
  sql: string,
  keyOf: (table: string) => readonly string[] | typeof NO_TABLE | undefined,
): Rewritten | undefined {
  const { tokens, end } = firstStatement(sql);
  const write = findWrite(tokens);
  if (!write) return undefined;
  const { order, limit } = write;
  if (order < tokens.length && limit >= tokens.length) throw new SqliteFailure(1, `ORDER BY without LIMIT on ${write.verb}`);
  const key = keyOf(write.table);
  if (key === NO_TABLE) throw new SqliteFailure(1, `no such table: ${write.table}`);
  if (!key) return undefined;
  const numbered = numberParameters(tokens, write);
  const text = (from: number, to: number): string =>
    from < to ? sqlBetween(sql, tokens, numbered, from, Math.min(to, tokens.length)) : "";
  const keys = key.length === 1 ? key[0] : `(${key.join(", ")})`;
  const chosen = [
    // Qualified, because a CTE may have the table's name.
    `SELECT ${key.join(", ")} FROM ${tokens[write.source + 1]?.text === "." ? "" : "main."}${text(write.source, write.sourceEnd)}`,
    text(write.where, write.returning),
    text(Math.min(order, limit), tokens.length),
  ].join(" ");
  const parts = [text(0, write.where), `WHERE ${keys} IN (${chosen})`, text(write.returning, Math.min(order, limit))];
  return { sql: parts.filter(Boolean).join(" "), tail: sql.slice(end) };
}

/** Places in the statement, as token numbers; where a clause is missing, that of the next one. */
interface Write {
  readonly verb: "UPDATE" | "DELETE";
  readonly table: string;
  /** The table with its alias and INDEXED BY. */
  readonly source: number;
  readonly sourceEnd: number;
  readonly where: number;
  readonly returning: number;
  readonly order: number;
  readonly limit: number;
}

function findWrite(tokens: readonly Token[]): Write | undefined {
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
  const returning = Math.min(find(source, "RETURNING"), tail);
  const where = Math.min(find(source, "WHERE"), returning);
  const set = verb === "UPDATE" ? find(source, "SET") : where;
  // SQLite chooses the rows of UPDATE … FROM in another way.
  const from = outer.find((i) => i > set && i < where && isKeyword(tokens[i], "FROM") && !isKeyword(tokens[i - 1], "DISTINCT"));
  if (verb === "UPDATE" && from !== undefined) return undefined;
  return { verb, table, source, sourceEnd: Math.min(set, where), where, returning, order, limit };
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

/** RETURNING changes places with ORDER BY and LIMIT; if both hold parameters, these keep their numbers by being written out. */
function numberParameters(tokens: readonly Token[], { returning, order, limit }: Write): ReadonlyMap<Token, string> {
  const tail = Math.min(order, limit);
  const isParameter = ({ kind }: Token) => kind === "parameter";
  const moves = tokens.slice(returning, tail).some(isParameter) && tokens.slice(tail).some(isParameter);
  const numbered = new Map<Token, string>();
  if (!moves) return numbered;
  const named = new Map<string, number>();
  let highest = 0;
  for (const token of tokens.filter(isParameter)) {
    const explicit = /^\?(\d+)$/.exec(token.text)?.[1];
    const number = explicit === undefined ? (named.get(token.text) ?? highest + 1) : Number(explicit);
    if (token.text.length > 1) named.set(token.text, number);
    highest = Math.max(highest, number);
    numbered.set(token, `?${number}`);
  }
  return numbered;
}

/** The text of some tokens, with what stands between them. */
function sqlBetween(
  sql: string,
  tokens: readonly Token[],
  replaced: ReadonlyMap<Token, string>,
  from: number,
  to: number,
): string {
  let text = "";
  let at = tokens[from]?.start ?? 0;
  for (const token of tokens.slice(from, to)) {
    text += sql.slice(at, token.start) + (replaced.get(token) ?? token.text);
    at = token.end;
  }
  return text;
}
