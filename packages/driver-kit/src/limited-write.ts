/** limited-write.ts
 * `UPDATE … LIMIT` and `DELETE … LIMIT` for engines compiled without them: the same statement with the rows chosen by a subquery, as
 * SQLite itself does it where it can. */
import { assignments, findLimitedWrite, type LimitedWrite, type Range } from "./limited-write-clauses.js";
import { SqliteFailure } from "./sqlite-failure.js";
import { firstStatement, isKeyword, type Token } from "./tokens.js";

export interface Rewritten {
  readonly sql: string;
  /** The text behind the statement. */
  readonly tail: string;
}

/** What tells the rows of a table apart. */
export interface TableKey {
  /** `["rowid"]`, or the quoted columns of the primary key; of a view, all its columns: rows that are equal in them count as one. */
  readonly columns: readonly string[];
  readonly isView: boolean;
}

/** `keyOf` for a table that does not exist. */
export const NO_TABLE = "no table";

/** What the rewritten statement calls the rows it has chosen. */
const CHOSEN = "chosen_rows";

/** The first statement of `sql` without ORDER BY and LIMIT of its own; `undefined` if it is no such statement, or cannot be rewritten.
 * @param keyOf what tells a table's rows apart; `undefined` if nothing does
 * @throws SqliteFailure for ORDER BY without LIMIT, and for a table that does not exist */
export function rewriteLimitedWrite(
  sql: string,
  keyOf: (table: string) => TableKey | typeof NO_TABLE | undefined,
): Rewritten | undefined {
  const { tokens, end } = firstStatement(sql);
  const write = findLimitedWrite(tokens);
  if (!write) return undefined;
  if (write.order < tokens.length && write.limit >= tokens.length) {
    throw new SqliteFailure(1, `ORDER BY without LIMIT on ${write.verb}`);
  }
  const key = keyOf(write.table);
  if (key === NO_TABLE) throw new SqliteFailure(1, `no such table: ${write.table}`);
  if (!key) return undefined;
  const numbered = numberParameters(tokens, write);
  const text = ({ from, to }: Range): string =>
    from < to ? sqlBetween(sql, tokens, numbered, from, Math.min(to, tokens.length)) : "";
  // Qualified, for a CTE may have the table's name.
  const schema = tokens.some((token) => isKeyword(token, "WITH")) && tokens[write.source + 1]?.text !== "." ? "main." : "";
  const source = `${schema}${text({ from: write.source, to: write.sourceEnd })}`;
  const parts = { tokens, write, key, text, source };
  const body = write.from < write.where ? updateFrom(parts) : choosing(parts);
  if (body === undefined) return undefined;
  const returning = text({ from: write.returning, to: write.tail });
  return { sql: [body, returning].filter(Boolean).join(" "), tail: sql.slice(end) };
}

interface Parts {
  readonly tokens: readonly Token[];
  readonly write: LimitedWrite;
  readonly key: TableKey;
  readonly text: (range: Range) => string;
  /** The table, as a FROM names it. */
  readonly source: string;
}

/** The statement up to RETURNING, its rows chosen by a subquery in WHERE. */
function choosing({ tokens, write, key, text, source }: Parts): string {
  const { columns } = key;
  const chosen = [
    `SELECT ${columns.join(", ")} FROM ${source}`,
    text({ from: write.where, to: write.returning }),
    text({ from: write.tail, to: tokens.length }),
  ].join(" ");
  const keys = columns.length === 1 ? columns[0] : `(${columns.join(", ")})`;
  const own = quoted(write.name);
  const equal = columns.map((column) => `${CHOSEN}.${column} IS ${own}.${column}`).join(" AND ");
  const condition = key.isView ? `EXISTS (SELECT 1 FROM (${chosen}) AS ${CHOSEN} WHERE ${equal})` : `${keys} IN (${chosen})`;
  return `${text({ from: 0, to: write.where })} WHERE ${condition}`;
}

/** The same for UPDATE … FROM, whose rows SQLite chooses together with their new values, one for each row of the table. */
function updateFrom({ tokens, write, key, text, source }: Parts): string | undefined {
  const sets = assignments(tokens, write.sourceEnd + 1, write.from);
  if (!sets || key.isView) return undefined;
  const own = quoted(write.name);
  const keys = key.columns.map((column) => `${own}.${column}`);
  const from = text({ from: write.from + 1, to: write.where });
  const chosen = [
    `SELECT ${[...keys.map((one, i) => `${one} AS k${i}`), ...sets.map(({ value }, i) => `${text(value)} AS v${i}`)].join(", ")}`,
    `FROM ${source}, (${from})`,
    text({ from: write.where, to: write.returning }),
    `GROUP BY ${keys.join(", ")}`,
    text({ from: write.tail, to: tokens.length }),
  ].join(" ");
  const set = sets.map(({ target }, i) => `${text(target)} = ${CHOSEN}.v${i}`).join(", ");
  const equal = keys.map((one, i) => `${one} = ${CHOSEN}.k${i}`).join(" AND ");
  return `${text({ from: 0, to: write.sourceEnd + 1 })} ${set} FROM (${chosen}) AS ${CHOSEN} WHERE ${equal}`;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** RETURNING changes places with ORDER BY and LIMIT; if both hold parameters, these keep their numbers by being written out. */
function numberParameters(tokens: readonly Token[], { returning, tail }: LimitedWrite): ReadonlyMap<Token, string> {
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
