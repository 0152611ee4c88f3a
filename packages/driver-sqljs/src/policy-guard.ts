/** policy-guard.ts
 * Stands in for SQLite's authorizer and limits where they were not found in the engine: asks the same questions, of the same authorizer, from
 * the text of a statement and from its instructions. Never less strict about tables of ours: whatever opens one is seen in the
 * instructions. parity: sql-guard */
import { encodeWtf8, type SqlLimits, type SqlValue } from "@holdfast/core/contract";
import { firstStatement, isKeyword, type Query, SqliteFailure, type Token } from "@holdfast/driver-kit";
import type { AuthorizeCallback } from "./engine.js";
import { isReadOnly, programActions, type Tables } from "./program-actions.js";
import { type Action, type SchemaFacts, textActions } from "./text-actions.js";

const ERROR = 1;
const TOOBIG = 18;
const AUTH = 23;

/** What a statement can begin with. */
const VERBS =
  `SELECT VALUES WITH INSERT REPLACE UPDATE DELETE CREATE DROP ALTER PRAGMA ANALYZE REINDEX VACUUM EXPLAIN BEGIN COMMIT END ROLLBACK
SAVEPOINT RELEASE ATTACH DETACH`.split(/\s+/);

const READ = 20;
const FUNCTION = 31;

export class PolicyGuard {
  readonly #query: Query;
  readonly #authorize: AuthorizeCallback;
  readonly #limits: SqlLimits;
  #functions: ReadonlySet<string> | undefined;

  constructor(query: Query, authorize: AuthorizeCallback, limits: SqlLimits) {
    this.#query = query;
    this.#authorize = authorize;
    this.#limits = limits;
  }

  /** Before a text's first statement is compiled, which for some pragmas is when they act. @throws SqliteFailure */
  checkText(sql: string): void {
    const { sqlLength, compoundSelect } = this.#limits;
    if (sqlLength !== undefined && encodeWtf8(sql).length > sqlLength) throw new SqliteFailure(TOOBIG, "statement too long");
    const { tokens } = firstStatement(sql);
    // What begins otherwise is a syntax error to SQLite too; should it not be, it is not let through.
    if (tokens[0] && !isKeyword(tokens[0], ...VERBS)) throw new SqliteFailure(ERROR, `near "${tokens[0].text}": syntax error`);
    for (const action of textActions(tokens, this.#schema())) this.#ask(action, sql);
    if (compoundSelect !== undefined && compoundTerms(tokens) > compoundSelect) {
      throw new SqliteFailure(ERROR, "too many terms in compound SELECT");
    }
  }

  /** After it was compiled, and before each run: SQLite compiles it again after a change of the schema, and asks nobody. Returns whether it only reads. @throws SqliteFailure */
  checkProgram(statement: string, parameterCount: number, columnCount: number): boolean {
    const { variableNumber, column } = this.#limits;
    if (variableNumber !== undefined && parameterCount > variableNumber) throw new SqliteFailure(ERROR, "too many SQL variables");
    if (column !== undefined && columnCount > column) throw new SqliteFailure(ERROR, "too many columns in result set");
    const { tokens } = firstStatement(statement);
    const isExplain = isKeyword(tokens[0], "EXPLAIN");
    const [start] = tokens.slice(isExplain ? (isKeyword(tokens[1], "QUERY") ? 3 : 1) : 0);
    const listing = this.#query(`EXPLAIN ${statement.slice(start?.start)}`, []);
    // Maintenance reads what it must of every table, hidden ones too.
    const isMaintenance = isKeyword(start, "ANALYZE", "REINDEX", "PRAGMA");
    if (!isMaintenance) for (const action of programActions(listing, this.#tables())) this.#ask(action);
    return isReadOnly(listing);
  }

  /** Values on their way in and out. @throws SqliteFailure */
  checkValue(value: SqlValue): void {
    const { length } = this.#limits;
    if (length === undefined || typeof value === "number" || value === null || value.length * 3 <= length) return;
    const bytes = typeof value === "string" ? encodeWtf8(value).length : value.length;
    if (bytes > length) throw new SqliteFailure(TOOBIG, "string or blob too big");
  }

  #ask({ code, first, second, database, at }: Action, sql = ""): void {
    if (this.#authorize(code, first, second, database, null) !== 1) return;
    if (code === FUNCTION) {
      const offset = at === undefined ? undefined : encodeWtf8(sql.slice(0, at)).length;
      throw new SqliteFailure(ERROR, `not authorized to use function: ${second}`, { offset });
    }
    throw new SqliteFailure(AUTH, code === READ && second ? `access to ${first}.${second} is prohibited` : "not authorized");
  }

  #schema(): SchemaFacts {
    return {
      exists: (name) => this.#query("SELECT 1 FROM sqlite_schema WHERE lower(name) = lower(?)", [name]).length > 0,
      isFunction: (name) => {
        this.#functions ??= new Set(
          this.#query("SELECT DISTINCT lower(name) FROM pragma_function_list", []).map(([one]) => String(one)),
        );
        return this.#functions.has(name.toLowerCase());
      },
    };
  }

  #tables(): Tables {
    const roots = new Map(
      this.#query("SELECT rootpage, tbl_name FROM sqlite_schema", []).map(([page, name]) => [page, String(name)]),
    );
    return {
      byRoot: (page) => roots.get(page),
      columns: (table) => this.#query("SELECT name FROM pragma_table_info(?)", [table]).map(([column]) => String(column)),
    };
  }
}

function compoundTerms(tokens: readonly Token[]): number {
  let depth = 0;
  const terms = new Map<number, number>();
  let most = 1;
  for (const token of tokens) {
    if (token.text === ")") terms.delete(depth--);
    if (token.text === "(") depth += 1;
    if (!isKeyword(token, "UNION", "EXCEPT", "INTERSECT")) continue;
    terms.set(depth, (terms.get(depth) ?? 1) + 1);
    most = Math.max(most, terms.get(depth) as number);
  }
  return most;
}
