/** sql/sql-policy.ts
 * What the application's SQL may do (`spec/sql` §4), asked by SQLite action by action while it compiles. */
import type { Authorizer } from "../contract/index.js";
import { Action } from "./sqlite-codes.js";

/** A name is ours if its first four characters are `_cf_`, in any case (`spec/sql` §4.1). */
export function isReservedName(name: string | null): boolean {
  return name !== null && /^_cf_/i.test(name);
}

type ArgumentRule = "none" | "boolean" | "name" | "optional-name" | "number-or-name" | "number" | "anything";

/** `spec/sql` §4.2; a pragma that is not here is refused. */
const PRAGMAS: Readonly<Record<string, ArgumentRule>> = {
  data_version: "none",
  page_size: "none",
  foreign_keys: "boolean",
  defer_foreign_keys: "boolean",
  ignore_check_constraints: "boolean",
  legacy_alter_table: "boolean",
  recursive_triggers: "boolean",
  reverse_unordered_selects: "boolean",
  case_sensitive_like: "boolean",
  foreign_key_list: "name",
  index_info: "name",
  index_list: "name",
  index_xinfo: "name",
  table_info: "name",
  table_xinfo: "name",
  foreign_key_check: "optional-name",
  quick_check: "number-or-name",
  optimize: "number",
  table_list: "anything",
};

/** `spec/sql` §4.3; a function that is not here is refused. `load_extension` compiles on the platform and fails when it runs (§4). */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `abs changes char coalesce concat concat_ws format glob hex ifnull iif instr last_insert_rowid length like likelihood likely load_extension lower
  ltrim max min nullif octet_length printf quote random randomblob replace round rtrim sign soundex substr substring total_changes trim
  typeof unhex unicode unlikely upper zeroblob
  date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
  avg count group_concat string_agg sum total
  row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
  acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow radians sin sinh sqrt tan tanh trunc
  -> ->> json json_array json_array_length json_extract json_insert json_object json_patch json_quote json_remove json_replace json_set
  json_type json_valid json_group_array json_group_object jsonb jsonb_array jsonb_extract jsonb_insert jsonb_object jsonb_patch
  jsonb_remove jsonb_replace jsonb_set jsonb_group_array jsonb_group_object
  match highlight bm25 snippet rtreecheck
  sqlite_rename_column sqlite_rename_table sqlite_rename_test sqlite_drop_column sqlite_rename_quotefix
  json_each json_tree jsonb_each jsonb_tree`.split(/\s+/),
);

/** `spec/sql` §4.4 */
const MODULES: ReadonlySet<string> = new Set(["fts5", "fts5vocab", "rtree", "rtree_i32"]);

const REFUSED: ReadonlySet<number> = new Set([
  Action.CREATE_TEMP_INDEX,
  Action.CREATE_TEMP_TABLE,
  Action.CREATE_TEMP_TRIGGER,
  Action.CREATE_TEMP_VIEW,
  Action.DROP_TEMP_INDEX,
  Action.DROP_TEMP_TABLE,
  Action.DROP_TEMP_TRIGGER,
  Action.DROP_TEMP_VIEW,
  Action.ATTACH,
  Action.DETACH,
]);

/** Actions whose first two arguments name an object and its table, or a table alone. */
const NAMING: ReadonlySet<number> = new Set([
  Action.CREATE_INDEX,
  Action.CREATE_TABLE,
  Action.CREATE_TRIGGER,
  Action.CREATE_VIEW,
  Action.DROP_INDEX,
  Action.DROP_TABLE,
  Action.DROP_TRIGGER,
  Action.DROP_VIEW,
  Action.DROP_VTABLE,
]);

const TABLE_FIRST: ReadonlySet<number> = new Set([Action.DELETE, Action.INSERT, Action.READ, Action.UPDATE, Action.REINDEX]);

export class SqlPolicy {
  #deniedTransaction = false;
  #text = "";

  /** Whether the statement that failed to compile is BEGIN, COMMIT, SAVEPOINT or the like, which have a message of their own. Asked once. */
  takeDeniedTransaction(): boolean {
    const denied = this.#deniedTransaction;
    this.#deniedTransaction = false;
    return denied;
  }

  /** To be called with a text before its first statement is compiled. */
  startStatement(text: string): void {
    this.#deniedTransaction = false;
    this.#text = text;
  }

  readonly authorize: Authorizer = (action, first, second, database) => {
    if (action === Action.TRANSACTION || action === Action.SAVEPOINT) {
      this.#deniedTransaction = true;
      return "deny";
    }
    return this.#allows(action, first, second, database) ? "ok" : "deny";
  };

  #allows(action: number, first: string | null, second: string | null, database: string | null): boolean {
    if (REFUSED.has(action)) return false;
    if (NAMING.has(action)) return database !== "temp" && !isReservedName(first) && !isReservedName(second);
    if (TABLE_FIRST.has(action)) return !isReservedName(first);
    switch (action) {
      case Action.ALTER_TABLE: // the arguments are the database and the table
        // SQLite does not say to which name; its parser does not compile two statements at once.
        return !isReservedName(second) && !isReservedName(renameTarget(this.#text));
      case Action.CREATE_VTABLE:
        return database !== "temp" && !isReservedName(first) && MODULES.has(lowerCase(second));
      case Action.FUNCTION:
        return FUNCTIONS.has(lowerCase(second)) || lowerCase(second).startsWith("pragma_");
      case Action.PRAGMA:
        return database !== "temp" && allowsPragma(PRAGMAS[lowerCase(first)], second);
      case Action.SELECT:
      case Action.RECURSIVE:
      case Action.ANALYZE:
        return true;
      default:
        return false;
    }
  }
}

const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\p{L}_\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*|\S/gu;

/** The new name in `ALTER TABLE … RENAME TO name`, without its quotes; `null` if the first statement of a text is something else. */
function renameTarget(text: string): string | null {
  const tokens = (text.match(TOKEN) ?? []).filter((token) => !/^(--|\/\*)/.test(token));
  const end = tokens.indexOf(";", 1);
  const statement = end < 0 ? tokens : tokens.slice(0, end);
  const at = statement.findIndex((token, i) => /^rename$/i.test(token) && /^to$/i.test(statement[i + 1] ?? ""));
  const name = at < 0 ? undefined : statement[at + 2];
  return name === undefined ? null : name.replace(/^["'`[]/, "");
}

function allowsPragma(rule: ArgumentRule | undefined, argument: string | null): boolean {
  switch (rule) {
    case undefined:
      return false;
    case "none":
      return argument === null;
    case "boolean":
      return argument === null || /^(['"]?)(true|false|yes|no|on|off|1|0)/i.test(argument);
    case "name":
      return argument !== null && !isReservedName(argument);
    case "optional-name":
    case "number-or-name":
      return !isReservedName(argument);
    case "number":
      return argument === null || /^[+-]?(0x[0-9a-f]+|\d+)$/i.test(argument);
    case "anything":
      return true;
  }
}

const lowerCase = (name: string | null): string => (name ?? "").toLowerCase();
