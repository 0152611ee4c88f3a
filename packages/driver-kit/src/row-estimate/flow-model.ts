/** flow-model.ts
 * A statement's instructions as linear equations: how often each ran, how often each branch was taken (`spec/sql` §9.3, method C).
 *
 * What flows into an instruction flows out of it. Subroutines, coroutines and trigger programs give balances of their own. The sums that
 * SQLite's counters show are sums of these unknowns, and so are the rows read and written (`spec/sql` §6). */
import { type ControlFlow, controlFlow } from "./control-flow.js";
import { BRANCHES, EPHEMERAL, equalityCursors, type Instruction, isEqualitySeek } from "./listing.js";

/** Variable → coefficient. */
export type Sum = Map<number, number>;

/** What an engine can tell of a run; the names of `sqlite3_stmt_status` where it has one. */
export type ObservedName =
  | "steps"
  | "fullscanSteps"
  | "autoindex"
  | "sorts"
  | "vmSteps"
  | "rows"
  | "filterHits"
  | "filterMisses"
  | "changes";

export interface FlowModel {
  /** Largest possible value of each variable. */
  readonly upper: readonly number[];
  readonly equations: readonly { readonly sum: Sum; readonly value: number }[];
  /** Pairs of variables of which the first is no larger. */
  readonly orders: readonly (readonly [number, number])[];
  readonly read: Sum;
  readonly written: Sum;
  readonly observed: Readonly<Record<ObservedName, Sum>>;
  /** Variables that are 1 as soon as the other is not 0: what `SeekEnd` reads. */
  readonly seekEnds: readonly (readonly [number, number])[];
  /** Exact counts of whole b-trees: how often, and the root page. */
  readonly counts: readonly { readonly times: number; readonly root: number }[];
  /** Loops over whole b-trees: how often the loop began, how often it went on, and the root page. */
  readonly scans: readonly { readonly begun: number; readonly went: number; readonly root: number }[];
  /** How many programs of triggers and foreign keys there are. */
  readonly triggers: number;
  /** Virtual tables' writes change rows without being seen by the change counter. */
  readonly changesAreKnown: boolean;
}

export function flowModel(programs: readonly (readonly Instruction[])[]): FlowModel {
  const builder = new ModelBuilder(programs.length);
  programs.forEach((program, i) => {
    new ProgramEquations(builder, program, i).build();
  });
  return builder.finish();
}

function add(sum: Sum, variable: number, coefficient = 1): void {
  sum.set(variable, (sum.get(variable) ?? 0) + coefficient);
}

const CHANGE = 1;
const NO_OPERATION = 64;

class ModelBuilder {
  readonly upper: number[] = [];
  readonly equations: { sum: Sum; value: number }[] = [];
  readonly orders: [number, number][] = [];
  readonly read: Sum = new Map();
  readonly written: Sum = new Map();
  readonly observed: Record<ObservedName, Sum> = {
    steps: new Map(),
    fullscanSteps: new Map(),
    autoindex: new Map(),
    sorts: new Map(),
    vmSteps: new Map(),
    rows: new Map(),
    filterHits: new Map(),
    filterMisses: new Map(),
    changes: new Map(),
  };
  readonly seekEnds: [number, number][] = [];
  readonly counts: { times: number; root: number }[] = [];
  readonly scans: { begun: number; went: number; root: number }[] = [];
  /** What starts each program. */
  readonly entries: Sum[];
  /** Names of trigger programs, in the order in which they are listed. */
  readonly triggerNumbers = new Map<string, number>();
  changesAreKnown = true;

  readonly triggers: number;

  constructor(programs: number) {
    this.triggers = programs - 1;
    this.entries = Array.from({ length: programs }, () => new Map());
  }

  variable(upper = Number.POSITIVE_INFINITY): number {
    this.upper.push(upper);
    return this.upper.length - 1;
  }

  /** `total` is the sum of parts that are new variables; returns them. */
  split(total: number, parts: number): number[] {
    const variables = Array.from({ length: parts }, () => this.variable(this.upper[total]));
    const sum: Sum = new Map([[total, 1]]);
    for (const part of variables) add(sum, part, -1);
    this.equations.push({ sum, value: 0 });
    return variables;
  }

  finish(): FlowModel {
    return this;
  }
}

class ProgramEquations {
  readonly #model: ModelBuilder;
  readonly #program: readonly Instruction[];
  readonly #number: number;
  readonly #flow: ControlFlow;
  readonly #equality: ReadonlySet<number>;
  readonly #ephemeral: ReadonlySet<number>;
  /** How often each instruction runs; -1 for those that cannot. */
  readonly #runs: readonly number[];
  readonly #inflow: Sum[];
  readonly #returns = new Map<number, Sum>();

  constructor(model: ModelBuilder, program: readonly Instruction[], number: number) {
    this.#model = model;
    this.#program = program;
    this.#number = number;
    this.#flow = controlFlow(program);
    this.#equality = equalityCursors(program);
    this.#ephemeral = new Set(program.filter(({ opcode }) => EPHEMERAL.has(opcode)).map(({ p1 }) => p1));
    const once = (i: number) => (number === 0 && !this.#flow.repeated.has(i) ? 1 : Number.POSITIVE_INFINITY);
    this.#runs = program.map((_, i) => (this.#flow.reachable.has(i) ? model.variable(once(i)) : -1));
    this.#inflow = program.map(() => new Map());
  }

  build(): void {
    this.#program.forEach((one, i) => {
      const runs = this.#runs[i] as number;
      if (runs >= 0) this.#instruction(one, i, runs);
    });
    for (const [register, sum] of this.#returns) {
      for (const caller of this.#flow.gosubs.get(register) ?? []) {
        const runs = this.#runs[caller] as number;
        if (runs >= 0) add(sum, runs, -1);
      }
      this.#model.equations.push({ sum, value: 0 });
    }
    for (const [register] of this.#flow.coroutines) this.#coroutine(register);
    this.#conserve();
  }

  /** What flows in is what runs. */
  #conserve(): void {
    this.#program.forEach((_, i) => {
      const runs = this.#runs[i] as number;
      if (runs < 0) return;
      const sum: Sum = new Map([[runs, 1]]);
      for (const [variable, coefficient] of this.#inflow[i] ?? []) add(sum, variable, -coefficient);
      if (i === 0)
        for (const [variable, coefficient] of this.#model.entries[this.#number] ?? []) add(sum, variable, -coefficient);
      this.#model.equations.push({ sum, value: i === 0 && this.#number === 0 ? 1 : 0 });
    });
  }

  #to(target: number, variable: number): void {
    const sum = this.#inflow[target];
    if (sum) add(sum, variable);
  }

  #instruction(one: Instruction, i: number, runs: number): void {
    const model = this.#model;
    add(model.observed.vmSteps, runs);
    switch (one.opcode) {
      case "Goto":
      case "Init":
        this.#to(one.p2, runs);
        return;
      case "Halt":
      case "EndCoroutine":
        return;
      case "Gosub":
        this.#to(one.p2, runs);
        this.#to(i + 1, runs);
        return;
      case "Return":
        this.#return(one, i, runs);
        return;
      case "InitCoroutine":
        this.#to(one.p2 || i + 1, runs);
        return;
      case "Yield":
        if (!this.#flow.coroutines.has(one.p1)) this.#to(i + 1, runs);
        return;
      case "Jump":
        model.split(runs, 3).forEach((part, k) => {
          this.#to([one.p1, one.p2, one.p3][k] as number, part);
        });
        return;
      case "SeekScan":
        model.split(runs, 3).forEach((part, k) => {
          this.#to([i + 1, one.p2, this.#program[i + 1]?.p2 ?? i + 1][k] as number, part);
        });
        return;
      case "Program":
        this.#to(i + 1, runs);
        this.#callTrigger(one, runs);
        return;
    }
    this.#plain(one, i, runs);
  }

  #return(one: Instruction, i: number, runs: number): void {
    const sum = this.#returns.get(one.p1) ?? new Map<number, number>();
    this.#returns.set(one.p1, sum);
    add(sum, runs);
    if (!one.p3) return;
    const fallsThrough = this.#model.variable();
    this.#to(i + 1, fallsThrough);
    add(sum, fallsThrough, -1);
  }

  #callTrigger({ p4 }: Instruction, runs: number): void {
    const { triggerNumbers, entries } = this.#model;
    if (!triggerNumbers.has(p4)) triggerNumbers.set(p4, triggerNumbers.size + 1);
    const entry = entries[triggerNumbers.get(p4) as number];
    if (entry) add(entry, runs);
  }

  /** An instruction that goes on behind itself, or branches to p2. */
  #plain(one: Instruction, i: number, runs: number): void {
    const model = this.#model;
    const isEquality = isEqualitySeek(one, this.#equality);
    const following = i + (isEquality ? 2 : 1);
    let falls = runs;
    if (BRANCHES.has(one.opcode) && one.p2 > 0) {
      const [jumps, stays] = model.split(runs, 2) as [number, number];
      this.#to(one.p2, jumps);
      this.#to(following, stays);
      falls = stays;
      if (/^(Next|Prev|SorterNext)$/.test(one.opcode)) {
        this.#scan(one, jumps);
        add(model.read, jumps);
        const slot = ({ 0: "steps", 1: "fullscanSteps", 3: "autoindex" } as const)[one.p5 as 0 | 1 | 3];
        if (slot) add(model.observed[slot], jumps);
      }
      if (one.opcode === "SorterSort") this.#sorter(one.p1, i);
      if (one.opcode === "Filter") {
        add(model.observed.filterHits, jumps);
        add(model.observed.filterMisses, stays);
      }
    } else this.#to(following, runs);
    this.#reads(one, runs, isEquality ? falls : runs);
    this.#writes(one, runs);
  }

  #scan({ p1 }: Instruction, went: number): void {
    const open = this.#program.find(({ opcode, p1: cursor }) => /^Open(Read|Write)$/.test(opcode) && cursor === p1);
    const begins = this.#program
      .map((one, i) => ({ one, i }))
      .filter(({ one }) => one.p1 === p1 && /^(Rewind|Last|Seek(GE|GT|LE|LT))$/.test(one.opcode));
    const begun = begins.length === 1 ? (this.#runs[begins[0]?.i ?? 0] as number) : -1;
    if (begun < 0) return;
    if (open && open.p3 === 0) this.#model.scans.push({ begun, went, root: open.p2 });
    const most = this.#mostEntries(p1);
    if (most > 0) {
      const slack = this.#model.variable();
      const sum = new Map([
        [went, 1],
        [slack, 1],
        [begun, 1 - most],
      ] as const);
      this.#model.equations.push({ sum, value: 0 });
    }
  }

  /** Each entry of a sorter comes out and is stepped over, unless a LIMIT ends that early. */
  #sorter(cursor: number, sort: number): void {
    const places = [...this.#program.keys()].filter((i) => this.#flow.reachable.has(i));
    const runsOf = (opcode: string) =>
      places
        .filter((i) => this.#program[i]?.p1 === cursor && this.#program[i]?.opcode === opcode)
        .map((i) => this.#runs[i] as number);
    const next = runsOf("SorterNext");
    if (next.length !== 1 || this.#number > 0 || this.#flow.repeated.has(sort)) return;
    const sum: Sum = new Map();
    for (const runs of runsOf("SorterInsert")) add(sum, runs);
    for (const runs of next) add(sum, runs, -1);
    const mayEndEarly = places.some((i) => /^(DecrJumpZero|IfNotZero)$/.test(this.#program[i]?.opcode ?? ""));
    if (mayEndEarly) add(sum, this.#model.variable(), -1);
    this.#model.equations.push({ sum, value: 0 });
  }

  /** Entries that a table of this run can have if it is filled without a loop, as a list of values is; 0 if that is not known. */
  #mostEntries(cursor: number): number {
    if (!this.#ephemeral.has(cursor)) return 0;
    const fills = [...this.#program.keys()].filter((i) => {
      const { opcode, p1 } = this.#program[i] as Instruction;
      return p1 === cursor && /^(IdxInsert|Insert|SorterInsert)$/.test(opcode);
    });
    return fills.some((i) => this.#flow.repeated.has(i)) || this.#number > 0 ? 0 : fills.length;
  }

  #reads(one: Instruction, runs: number, found: number): void {
    const model = this.#model;
    if (/^Seek(GE|GT|LE|LT)$/.test(one.opcode)) add(model.read, found);
    if (/^(Rewind|Sort|SorterSort|Last|SeekRowid|NotExists|VNext)$/.test(one.opcode)) add(model.read, runs);
    if (one.opcode === "Sort" || one.opcode === "SorterSort") add(model.observed.sorts, runs);
    if (one.opcode === "ResultRow") add(model.observed.rows, runs);
    if (one.opcode === "SeekEnd") {
      const first = model.variable(1);
      model.orders.push([first, runs]);
      model.seekEnds.push([first, runs]);
      add(model.read, first);
    }
    if (one.opcode === "Count" && !one.p3) {
      const open = this.#program.find(({ opcode, p1 }) => /^Open(Read|Write)$/.test(opcode) && p1 === one.p1);
      if (open) model.counts.push({ times: runs, root: open.p2 });
    }
  }

  #writes({ opcode, p1, p2, p3, p5 }: Instruction, runs: number): void {
    const model = this.#model;
    const lasts = !this.#ephemeral.has(p1);
    if ((opcode === "Insert" && !(p5 & NO_OPERATION)) || opcode === "IdxInsert") {
      if (lasts) add(model.written, runs);
      if (p5 & CHANGE) add(model.observed.changes, runs);
    }
    if (opcode === "Delete" && p2 & CHANGE && !(p2 & NO_OPERATION)) {
      if (lasts) add(model.written, runs);
      add(model.observed.changes, runs);
    }
    if (opcode === "VUpdate") {
      add(model.written, runs);
      model.changesAreKnown = false;
    }
    if (opcode === "Clear" && p3) {
      const rows = model.variable();
      add(model.observed.changes, rows);
      add(model.written, rows);
    }
  }

  /** Calls of a coroutine are its first entry and its resumptions; each resumption follows a yield of its own. */
  #coroutine(register: number): void {
    const model = this.#model;
    const coroutine = this.#flow.coroutines.get(register);
    if (!coroutine) return;
    const reachable = coroutine.yields.filter((i) => (this.#runs[i] as number) >= 0);
    const callers = reachable.filter((i) => !coroutine.body.has(i));
    const yields = reachable.filter((i) => coroutine.body.has(i));
    const calls: Sum = new Map();
    const answers: Sum = new Map();
    const ends: Sum = new Map();
    for (const i of callers) {
      const runs = this.#runs[i] as number;
      const end = this.#program[i]?.p2 ?? 0;
      add(calls, runs);
      if (end > 0) {
        const [ended, answered] = model.split(runs, 2) as [number, number];
        this.#to(end, ended);
        this.#to(i + 1, answered);
        add(ends, ended, -1);
        add(answers, answered, -1);
      } else {
        this.#to(i + 1, runs);
        add(answers, runs, -1);
      }
    }
    const start = coroutine.starts.at(-1) ?? 0;
    const started = this.#runs[start] as number;
    if (started >= 0) {
      this.#to(this.#program[start]?.p3 ?? 0, started);
      add(calls, started, -1);
    }
    for (const i of yields) {
      const resumed = model.variable();
      this.#to(i + 1, resumed);
      add(calls, resumed, -1);
      model.orders.push([resumed, this.#runs[i] as number]);
      add(answers, this.#runs[i] as number);
    }
    this.#program.forEach(({ opcode, p1 }, i) => {
      if (opcode === "EndCoroutine" && p1 === register && (this.#runs[i] as number) >= 0) add(ends, this.#runs[i] as number);
    });
    for (const sum of [calls, answers, ends]) model.equations.push({ sum, value: 0 });
  }
}
