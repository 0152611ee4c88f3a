/** tokens.ts
 * SQL text as tokens, by SQLite's rules: enough to find names, keywords and the ends of statements. Blanks and comments are left out. */

export type TokenKind = "word" | "quoted" | "string" | "number" | "blob" | "parameter" | "symbol";

export interface Token {
  /** `word` is a keyword or a bare name; `quoted` a name in double quotes, backticks or brackets (a string, where no name fits). */
  readonly kind: TokenKind;
  readonly text: string;
  /** Where it begins in the text, in UTF-16 units, as `end` is. */
  readonly start: number;
  readonly end: number;
}

const TOKEN = new RegExp(
  [
    "(?<skip>[ \\t\\n\\f\\r][ \\t\\n\\v\\f\\r]*|\\ufeff|--[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$))",
    "(?<blob>[xX]'(?:[^']|'')*(?:'|$))",
    "(?<string>'(?:[^']|'')*(?:'|$))",
    '(?<quoted>"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\\[[^\\]]*(?:\\]|$))',
    "(?<number>0[xX][0-9a-fA-F_]+|(?:\\d[\\d_]*\\.?[\\d_]*|\\.\\d[\\d_]*)(?:[eE][+-]?\\d+)?)",
    "(?<parameter>\\?\\d*|[:@#$][A-Za-z0-9_$\\u0080-\\uffff]+(?:::[A-Za-z0-9_$\\u0080-\\uffff]*)*(?:\\([^\\s)]*\\))?)",
    "(?<word>[A-Za-z_\\u0080-\\uffff][A-Za-z0-9_$\\u0080-\\uffff]*)",
    "(?<symbol>->>|->|\\|\\||<=|>=|<>|==|!=|<<|>>|[\\s\\S])",
  ].join("|"),
  "gy",
);

export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const match of sql.matchAll(TOKEN)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? ["symbol"];
    if (kind === "skip") continue;
    tokens.push({ kind: kind as TokenKind, text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}

/** Whether a token is this keyword, in any case. */
export function isKeyword(token: Token | undefined, ...keywords: readonly string[]): boolean {
  return token?.kind === "word" && keywords.includes(token.text.toUpperCase());
}

/** The name a token stands for, without its quotes; `undefined` if it is no name. A string literal may stand for one too. */
export function nameOf(token: Token | undefined): string | undefined {
  if (token?.kind === "word") return token.text;
  if (token?.kind !== "quoted" && token?.kind !== "string") return undefined;
  const open = token.text[0] as string;
  if (open === "[") return token.text.slice(1, -1);
  return token.text.slice(1, -1).replaceAll(open + open, open);
}

/** The tokens of the first statement, without its semicolon; and where the text goes on. A trigger's body belongs to its statement. */
export function firstStatement(sql: string, tokens: readonly Token[] = tokenize(sql)): { tokens: Token[]; end: number } {
  const statement: Token[] = [];
  let isTrigger = false;
  for (const [i, token] of tokens.entries()) {
    if (token.text === ";" && statement.length > 0 && !(isTrigger && !isKeyword(tokens[i - 1], "END"))) {
      return { tokens: statement, end: token.end };
    }
    if (token.text === ";" && statement.length === 0) continue;
    statement.push(token);
    if (statement.length <= 4 && isKeyword(token, "TRIGGER") && isKeyword(statement[0], "CREATE")) isTrigger = true;
  }
  return { tokens: statement, end: sql.length };
}
