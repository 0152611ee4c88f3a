/** One compiled statement of node:sqlite. */
import type { RowCounts, SqliteStatement, SqlValue } from "@holdfast/core/contract";
import {
  bindingsOf,
  type Observation,
  type Parameters,
  parametersOf,
  type RowEstimator,
  SqliteFailure,
  type StatementKind,
  StatementRun,
} from "@holdfast/driver-kit";
import type { NodeDatabase } from "./database.js";
import type { NativeStatement, NativeValue } from "./node-sqlite.js";

const RANGE = 25;

/** Runs after which it is worth to look at a statement's program. */
const RUN_OFTEN = 8;

/** Names of node:sqlite's counters, since Node 26. */
const COUNTERS = {
  fullscanSteps: "fullscanStep",
  sorts: "sort",
  autoindex: "autoindex",
  vmSteps: "vmStep",
  filterHits: "filterHit",
  filterMisses: "filterMiss",
} as const satisfies Partial<Record<keyof Observation, string>>;

export class NodeStatement implements SqliteStatement {
  readonly kind: StatementKind;
  readonly sql: string;
  readonly #database: NodeDatabase;
  readonly #native: NativeStatement;
  readonly #parameters: Parameters;
  readonly #hasColumns: boolean;
  #columnNames: { readonly generation: number; readonly names: readonly string[] } | undefined;
  #values: SqlValue[] = [];
  #iterator: Iterator<NativeValue[]> | undefined;
  #isAtEnd = false;
  #runs = 0;
  #oneRow: { readonly generation: number; readonly isSo: boolean } | undefined;
  #row: SqlValue[] = [];
  #rows = 0;
  #changes: Pick<Observation, "changes" | "ownChanges"> = {};
  #before = 0;
  #run = new StatementRun();
  #estimator: { readonly generation: number; readonly made: RowEstimator | undefined } | undefined;
  #finalized = false;

  /** Some pragmas write, although they ask for no more than others: what they commit is looked for. */
  readonly #mayCommit: boolean;

  constructor(database: NodeDatabase, native: NativeStatement, sql: string, kind: StatementKind, isPragma: boolean) {
    native.setAllowBareNamedParameters(false);
    this.#mayCommit = kind !== "reads" || isPragma;
    native.setReadBigInts(true);
    native.setReturnArrays(true);
    this.#database = database;
    this.#native = native;
    this.#parameters = parametersOf(sql);
    this.sql = sql;
    this.kind = kind;
    this.#hasColumns = native.columns().length > 0;
  }

  get readOnly(): boolean {
    return this.kind === "reads";
  }

  get parameterCount(): number {
    return this.#parameters.count;
  }

  get columnNames(): readonly string[] {
    this.#assertUsable();
    const { schemaGeneration } = this.#database;
    if (this.#columnNames?.generation !== schemaGeneration) {
      const names = this.#database.native(() => this.#native.columns().map(({ name }) => name));
      this.#columnNames = { generation: schemaGeneration, names };
    }
    return this.#columnNames.names;
  }

  bind(values: readonly SqlValue[]): void {
    this.#assertUsable();
    if (values.length > this.parameterCount) throw new SqliteFailure(RANGE, "column index out of range");
    const bound: SqlValue[] = new Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as SqlValue;
      this.#database.checkLength(value);
      bound[i] = value instanceof Uint8Array ? value.slice() : value;
    }
    this.#values = bound;
  }

  step(): boolean {
    this.#assertUsable();
    if (this.kind === "changes-schema") this.#database.schemaMayChange();
    if (this.kind === "changes-schema" && !this.#iterator) this.#explain();
    if (this.kind === "changes-rows" && !this.#iterator) {
      if (!this.#hasColumns) return this.#runToEnd();
      this.#before = this.#database.totalChanges();
    }
    if (this.#mayCommit) this.#database.started(this);
    const { done, value } = this.#mayCommit ? this.#database.writing(this.#next) : this.#database.native(this.#next);
    if (this.kind === "changes-rows") this.#changes = { changes: this.#database.totalChanges() - this.#before };
    if (done) {
      this.#isAtEnd = true;
      return false;
    }
    this.#rows += 1;
    for (let i = 0; i < value.length; i++) if (typeof value[i] === "bigint") value[i] = Number(value[i]);
    this.#row = value as SqlValue[];
    return true;
  }

  readonly #next = (): IteratorResult<NativeValue[]> => {
    if (!this.#iterator) {
      this.#runs += 1;
      const bindings = bindingsOf(this.#parameters, this.#values);
      this.#iterator = this.#isWorthTakingWhole() ? this.#native.all(...bindings).values() : this.#native.iterate(...bindings);
    }
    return this.#iterator.next();
  };

  /** A query of one row costs half if it is not stepped. Whether it is one is asked once it has proved to be run often. */
  #isWorthTakingWhole(): boolean {
    if (this.kind !== "reads" || this.#mayCommit || this.#runs < RUN_OFTEN) return false;
    const { schemaGeneration: generation } = this.#database;
    if (this.#oneRow?.generation !== generation) {
      this.#oneRow = { generation, isSo: this.#makeEstimator()?.returnsOneRow === true };
    }
    return this.#oneRow.isSo;
  }

  readonly #end = (): unknown => this.#iterator?.return?.();

  /** A write without rows has one step. */
  #runToEnd(): false {
    const { changes } = this.#database.writing(() => this.#native.run(...bindingsOf(this.#parameters, this.#values)));
    this.#changes = { ownChanges: Number(changes) };
    return false;
  }

  row(): SqlValue[] {
    return this.#row;
  }

  reset(): void {
    // At its end node:sqlite resets a statement by itself.
    if (this.#iterator && !this.#isAtEnd && this.#database.isOpen) {
      if (this.#mayCommit) this.#database.writing(this.#end);
      else this.#database.native(this.#end);
    }
    if (this.#mayCommit) this.#database.ended(this);
    this.#iterator = undefined;
    this.#isAtEnd = false;
    this.#native.resetStats?.();
    this.#row = [];
    this.#rows = 0;
    this.#changes = {};
    this.#run = new StatementRun();
  }

  /** node:sqlite lets go of a statement when nobody refers to it any more. */
  finalize(): void {
    if (this.#finalized) return;
    this.reset();
    this.#finalized = true;
  }

  counts(): RowCounts {
    const counters = this.#native.stat && Object.entries(COUNTERS).map(([name, counter]) => [name, this.#native.stat?.(counter)]);
    const observation = { rows: this.#rows, ...this.#changes, ...(counters && Object.fromEntries(counters)) };
    return this.#run.counts(observation, this.#makeEstimator);
  }

  readonly #makeEstimator = (): RowEstimator | undefined => {
    const isOld = this.#estimator?.generation !== this.#database.schemaGeneration;
    if (isOld && this.kind !== "changes-schema") this.#explain(); // what changed the schema was explained before
    return this.#estimator?.made;
  };

  #explain(): void {
    this.#estimator = { generation: this.#database.schemaGeneration, made: this.#database.explain(this.sql) };
  }

  #assertUsable(): void {
    if (!this.#database.isOpen) throw new Error("database is not open");
    if (this.#finalized) throw new Error("statement has been finalized");
  }
}
