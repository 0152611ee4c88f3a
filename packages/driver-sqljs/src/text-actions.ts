/** text-actions.ts
 * What SQLite's authorizer would be asked about a statement, read from its text: what kind it is, which objects it names, which functions it
 * calls. Tables that are reached through views and triggers do not show in the text: `program-actions.ts`. */
import { isKeyword, nameOf, type Token } from "@holdfast/driver-kit";

/** One question to the authorizer. */
export interface Action {
  readonly code: number;
  readonly first: string | null;
  readonly second: string | null;
  readonly database: string | null;
  /** Where the name stands, in UTF-16 units, if an error would tell. */
  readonly at?: number;
}

export interface SchemaFacts {
  /** Whether there is a table, index, view or trigger of this name; an error about a missing one is SQLite's. */
  exists(name: string): boolean;
  /** Whether SQLite has a function of this name. */
  isFunction(name: string): boolean;
}

export function textActions(tokens: readonly Token[], schema: SchemaFacts): Action[] {
  const start = isKeyword(tokens[0], "EXPLAIN") ? (isKeyword(tokens[1], "QUERY") ? 3 : 1) : 0;
  const statement = tokens.slice(start);
  return [...kindActions(statement, schema), ...pragmaTables(statement), ...calls(statement, schema)];
}

const action = (
  code: number,
  first: string | null = null,
  second: string | null = null,
  database: string | null = "main",
): Action => ({
  code,
  first,
  second,
  database,
});

/** Which codes CREATE and DROP of a kind have: in the main database, and in the temporary one. */
const CREATE: Readonly<Record<string, readonly [main: number, temporary: number]>> = {
  TABLE: [2, 4],
  INDEX: [1, 3],
  VIEW: [8, 6],
  TRIGGER: [7, 5],
};
const DROP: Readonly<Record<string, readonly [main: number, temporary: number]>> = {
  TABLE: [11, 13],
  INDEX: [10, 12],
  VIEW: [17, 15],
  TRIGGER: [16, 14],
};

function kindActions(tokens: readonly Token[], schema: SchemaFacts): Action[] {
  const [first] = tokens;
  if (isKeyword(first, "BEGIN", "COMMIT", "END")) return [action(22, first?.text.toUpperCase())];
  if (isKeyword(first, "ROLLBACK"))
    return [tokens.some((token) => isKeyword(token, "TO")) ? action(32, "ROLLBACK") : action(22, "ROLLBACK")];
  if (isKeyword(first, "SAVEPOINT", "RELEASE")) return [action(32, first?.text.toUpperCase())];
  if (isKeyword(first, "ATTACH")) return [action(24, nameOf(tokens[1]) ?? null)];
  if (isKeyword(first, "DETACH")) return [action(25, nameOf(tokens.at(-1)) ?? null)];
  if (isKeyword(first, "PRAGMA")) return [pragma(tokens)];
  if (isKeyword(first, "CREATE")) return create(tokens);
  if (isKeyword(first, "DROP")) return drop(tokens, schema);
  if (isKeyword(first, "REINDEX") && tokens.length > 1) return [action(27, qualified(tokens, 1).name)];
  if (isKeyword(first, "ALTER")) {
    const { name } = qualified(tokens, 2);
    return schema.exists(name) ? [action(26, "main", name)] : [];
  }
  return [];
}

/** A name that may have a schema before it, and the token behind it. */
function qualified(tokens: readonly Token[], at: number): { name: string; schema: string | undefined; next: number } {
  const first = nameOf(tokens[at]) ?? "";
  if (tokens[at + 1]?.text !== ".") return { name: first, schema: undefined, next: at + 1 };
  return { name: nameOf(tokens[at + 2]) ?? "", schema: first.toLowerCase(), next: at + 3 };
}

function pragma(tokens: readonly Token[]): Action {
  const { name, schema, next } = qualified(tokens, 1);
  const value = tokens.slice(next + 1).filter(({ text }) => text !== ")");
  const isSigned = value[0]?.text === "-" || value[0]?.text === "+";
  const sign = value[0]?.text === "-" ? "-" : "";
  const token = value[isSigned ? 1 : 0];
  const argument = token === undefined ? null : sign + (token.kind === "number" ? token.text : (nameOf(token) ?? token.text));
  return action(19, name, argument, schema ?? null);
}

function create(tokens: readonly Token[]): Action[] {
  let at = 1;
  const isTemporary = isKeyword(tokens[at], "TEMP", "TEMPORARY");
  if (isTemporary) at += 1;
  if (isKeyword(tokens[at], "UNIQUE")) at += 1;
  const isVirtual = isKeyword(tokens[at], "VIRTUAL");
  if (isVirtual) at += 1;
  const codes = CREATE[tokens[at]?.text.toUpperCase() ?? ""];
  if (!codes) return [];
  const isIndex = isKeyword(tokens[at], "INDEX");
  const isTrigger = isKeyword(tokens[at], "TRIGGER");
  at += 1;
  if (isKeyword(tokens[at], "IF")) at += 3;
  const { name, schema, next } = qualified(tokens, at);
  const temporary = isTemporary || schema === "temp";
  const database = temporary ? "temp" : "main";
  if (isVirtual)
    return [action(29, name, nameOf(tokens[tokens.findIndex((token) => isKeyword(token, "USING")) + 1]) ?? null, database)];
  const on = isIndex || isTrigger ? tokens.findIndex((token, i) => i >= next && isKeyword(token, "ON")) : -1;
  const table = on < 0 ? null : qualified(tokens, on + 1).name;
  if (isIndex && temporary) return []; // SQLite's own error
  return [action(codes[temporary ? 1 : 0], name, table, database)];
}

function drop(tokens: readonly Token[], schema: SchemaFacts): Action[] {
  const codes = DROP[tokens[1]?.text.toUpperCase() ?? ""];
  const at = isKeyword(tokens[2], "IF") ? 4 : 2;
  const { name, schema: database } = qualified(tokens, at);
  if (!codes || !schema.exists(name)) return [];
  return [action(codes[database === "temp" ? 1 : 0], name, null, database ?? "main")];
}

/** `pragma_x(…)` and `pragma_x` as tables, views of which are not to be made either. */
function pragmaTables(tokens: readonly Token[]): Action[] {
  return tokens.flatMap((token, i) => {
    const name = token.kind === "string" ? undefined : nameOf(token)?.toLowerCase();
    if (!name?.startsWith("pragma_")) return [];
    // Only one literal is known before the statement runs; anything else counts as no argument, which is refused where one is needed.
    const [argument, end] = tokens[i + 1]?.text === "(" ? tokens.slice(i + 2, i + 4) : [];
    const isLiteral = argument !== undefined && argument.kind !== "parameter" && /^[),]$/.test(end?.text ?? "");
    return [action(19, name.slice(7), isLiteral ? (nameOf(argument) ?? argument.text) : null, null)];
  });
}

/** Words before a name and a parenthesis that is not a call. */
const NOT_CALLS = [
  "INTO",
  "TABLE",
  "ON",
  "REFERENCES",
  "WITH",
  "RECURSIVE",
  "AS",
  "FROM",
  "JOIN",
  "UPDATE",
  "VIEW",
  "USING",
  "EXISTS",
  "INDEX",
];

/** Functions, as far as this statement calls them itself: bodies of views and triggers are looked at when they are used. */
function calls(tokens: readonly Token[], schema: SchemaFacts): Action[] {
  if (isKeyword(tokens[0], "PRAGMA")) return [];
  if (isKeyword(tokens[0], "CREATE") && tokens.slice(1, 4).some((token) => isKeyword(token, "VIEW", "TRIGGER", "VIRTUAL")))
    return [];
  return tokens.flatMap((token, i) => {
    const name = token.kind === "string" ? undefined : nameOf(token);
    if (name === undefined || tokens[i + 1]?.text !== "(" || isKeyword(tokens[i - 1], ...NOT_CALLS)) return [];
    return schema.isFunction(name) ? [{ ...action(31, null, name), at: token.start }] : [];
  });
}
