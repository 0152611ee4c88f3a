/** estimate.ts
 * Rows read and written by a statement, on engines that do not count them: from its instructions and from what the engine can tell of the
 * run (`spec/sql` §9.3). Costs milliseconds, so it is done when somebody looks. */
import type { RowCounts } from "@holdfast/core/contract";
import type { Query } from "../table-key.js";
import { isKeyword, tokenize } from "../tokens.js";
import { controlFlow } from "./control-flow.js";
import { type FlowModel, flowModel } from "./flow-model.js";
import { type Instruction, parseListing } from "./listing.js";
import { type Observation, solve } from "./solve.js";

/** A statement's instructions, prepared once for all its runs. */
export class RowEstimator {
  readonly #programs: Instruction[][];
  readonly #entriesOf: (rootPage: number, most?: number) => number;
  #model: FlowModel | undefined;

  /** The estimator of a statement. @throws SqliteError if it does not compile any more */
  static of(sql: string, query: Query): RowEstimator {
    const tokens = tokenize(sql);
    // EXPLAIN reads nothing; and settings take effect when they are compiled, so nobody may ask for their instructions.
    const isSetting = isKeyword(tokens[0], "PRAGMA") && !tokens.some((token) => READING_PRAGMA.test(token.text));
    if (isSetting || isKeyword(tokens[0], "EXPLAIN")) return new RowEstimator([], () => 0);
    return new RowEstimator(query(`EXPLAIN ${sql}`, []), (root, most) => entriesOf(root, most, query));
  }

  private constructor(listing: readonly (readonly unknown[])[], entriesOf: (rootPage: number, most?: number) => number) {
    this.#programs = parseListing(listing);
    this.#entriesOf = entriesOf;
  }

  /** Whether the statement can return one row at most. */
  get returnsOneRow(): boolean {
    const [program = []] = this.#programs;
    const { reachable, repeated } = controlFlow(program);
    const returning = [...reachable].filter((i) => program[i]?.opcode === "ResultRow");
    return returning.length <= 1 && !returning.some((i) => repeated.has(i));
  }

  estimate(observation: Observation): RowCounts {
    if (this.#programs.length === 0) return { rowsRead: 0, rowsWritten: 0 };
    this.#model ??= flowModel(this.#programs);
    const known = new Map<number, number>();
    const bound = (root: number) => {
      if (!known.has(root)) known.set(root, this.#entriesOf(root, MOST_COUNTED));
      return known.get(root) as number;
    };
    const solution = solve(this.#model, observation, bound);
    if (!solution) return simpleEstimate(this.#programs, observation);
    const counted = this.#model.counts.reduce((total, { root }) => total + this.#entriesOf(root), 0);
    return { rowsRead: Math.max(0, solution.read + counted), rowsWritten: Math.max(0, solution.written) };
  }
}

/** Steps and seeks, each once: right where no seek is inside a loop. */
function simpleEstimate(programs: readonly (readonly Instruction[])[], observation: Observation): RowCounts {
  const all = programs.flat();
  const count = (pattern: RegExp, fits: (one: Instruction) => boolean = () => true) =>
    all.filter((one) => pattern.test(one.opcode) && fits(one)).length;
  const { steps = 0, fullscanSteps = 0, autoindex = 0, sorts = 0, rows = 0, ownChanges = 0, changes = ownChanges } = observation;
  const stepped = observation.vmSteps === undefined ? rows : steps + fullscanSteps + autoindex + sorts;
  const seeks = count(/^(Rewind|Last|SeekRowid|NotExists|SeekGE|SeekGT|SeekLE|SeekLT|VNext)$/);
  const perChange = count(/^(IdxInsert|Insert)$/, ({ p5 }) => !(p5 & 1));
  return { rowsRead: stepped + seeks, rowsWritten: changes * (1 + perChange) };
}

const READING_PRAGMA =
  /^(quick_check|foreign_key_check|foreign_key_list|index_info|index_list|index_xinfo|table_info|table_xinfo|table_list)$/i;

/** Counting further to bound a loop costs more than it tells. */
const MOST_COUNTED = 10_000;

function entriesOf(rootPage: number, most: number | undefined, query: Query): number {
  const SCHEMA_ROOT = 1;
  const rows =
    rootPage === SCHEMA_ROOT ? [["sqlite_schema"]] : query("SELECT tbl_name FROM sqlite_schema WHERE rootpage = ?", [rootPage]);
  const [table] = rows[0] ?? [];
  if (table === undefined) return 0;
  const name = `"${String(table).replaceAll('"', '""')}"`;
  if (most === undefined) return Number(query(`SELECT count(*) FROM ${name}`, [])[0]?.[0]);
  const counted = Number(query(`SELECT count(*) FROM (SELECT 1 FROM ${name} LIMIT ${most})`, [])[0]?.[0]);
  return counted < most ? counted : Number.POSITIVE_INFINITY;
}
