/** solve.ts
 * Finds what a flow model and some observations say about the rows read and written: elimination, then intervals of integers, and where
 * several answers remain, the middle one of those that fit. */
import type { FlowModel, ObservedName, Sum } from "./flow-model.js";

export interface Observation extends Partial<Readonly<Record<ObservedName, number | undefined>>> {
  /** Rows changed by the statement itself, for engines that do not tell those of triggers. */
  readonly ownChanges?: number | undefined;
}

export interface Solution {
  readonly read: number;
  readonly written: number;
}

/** Larger systems are not solved: it would take longer than the statement. */
const MAX_VARIABLES = 500;
const MANY = 1e9;
const TOLERANCE = 1e-4;
/** Terms looked at before a search is given up: some tens of milliseconds. */
const MAX_WORK = 3_000_000;
const TRIES = 150;
const ANSWERS = 30;

interface Constraint {
  readonly terms: readonly (readonly [variable: number, coefficient: number])[];
  readonly value: number;
}

/** `undefined` if the system is too large or contradicts the observations. */
export function solve(model: FlowModel, observation: Observation, entriesOf: (rootPage: number) => number): Solution | undefined {
  if (model.upper.length > MAX_VARIABLES) return undefined;
  const limit = observation.vmSteps ?? MANY;
  const upper = model.upper.map((one) => Math.min(one, limit));
  const certain = new System(model, observation, upper).determined();
  if (certain) return certain;
  const bounded = boundScans({ ...model, upper }, observation, entriesOf);
  return (
    new System(bounded, observation, bounded.upper).solve() ??
    new System(model, observation, upper).solve() ??
    new System(
      model,
      observation,
      model.upper.map(() => limit),
    ).solve()
  );
}

/** An engine without counters leaves open how far loops went. Not further than their b-trees. */
function boundScans(model: FlowModel, { changes = 0 }: Observation, entriesOf: (rootPage: number) => number): FlowModel {
  const upper = [...model.upper];
  const equations = [...model.equations];
  for (const { begun, went, root } of model.scans) {
    const steps = Math.max(0, entriesOf(root) + changes - 1);
    if (steps > MANY) continue; // nobody counted that far
    const slack = upper.push(MANY) - 1;
    equations.push({
      sum: new Map([
        [went, 1],
        [slack, 1],
        [begun, -steps],
      ]),
      value: 0,
    });
  }
  return { ...model, upper: upper.map((one) => Math.min(one, MANY)), equations };
}

class System {
  readonly #model: FlowModel;
  readonly #constraints: Constraint[] = [];
  readonly #reduced: Float64Array[];
  readonly #pivots: number[] = [];
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #stepsAreKnown: boolean;
  #work = 0;

  constructor(model: FlowModel, observation: Observation, upper: readonly number[]) {
    this.#stepsAreKnown = observation.vmSteps !== undefined;
    this.#model = model;
    this.#low = new Float64Array(upper.length);
    this.#high = Float64Array.from(upper);
    for (const { sum, value } of model.equations) this.#constrain(sum, value);
    const { ownChanges, ...told } = observation;
    if (ownChanges !== undefined && model.triggers === 0) told.changes ??= ownChanges;
    for (const [name, value] of Object.entries(told)) {
      if (value !== undefined && (name !== "changes" || model.changesAreKnown))
        this.#constrain(model.observed[name as ObservedName], value);
    }
    this.#reduced = this.#eliminate();
    for (const row of this.#reduced) this.#constraints.push(toConstraint(row));
  }

  /** The solution, if there is only one. */
  determined(): Solution | undefined {
    if (!this.#narrow(this.#low, this.#high)) return undefined;
    const read = this.#determined(this.#model.read);
    const written = this.#determined(this.#model.written);
    return read === undefined || written === undefined ? undefined : { read, written };
  }

  solve(): Solution | undefined {
    if (!this.#narrow(this.#low, this.#high)) return undefined;
    for (const [first, runs] of this.#model.seekEnds) if ((this.#low[runs] ?? 0) >= 1) this.#low[first] = 1;
    const read = this.#determined(this.#model.read);
    const written = this.#determined(this.#model.written);
    if (read !== undefined && written !== undefined) return { read, written };
    const answers = this.#search();
    return {
      read: read ?? middle(answers.map((one) => one.read)) ?? this.#guess(this.#model.read),
      written: written ?? middle(answers.map((one) => one.written)) ?? this.#range(this.#model.written, this.#low, this.#high)[0],
    };
  }

  #constrain(sum: Sum, value: number): void {
    const terms = [...sum].filter(([, coefficient]) => coefficient !== 0);
    if (terms.length > 0) this.#constraints.push({ terms, value });
  }

  /** Gauss-Jordan elimination; the last column is the right side. */
  #eliminate(): Float64Array[] {
    const count = this.#low.length;
    const rows = this.#constraints.map(({ terms, value }) => {
      const row = new Float64Array(count + 1);
      for (const [variable, coefficient] of terms) row[variable] = (row[variable] ?? 0) + coefficient;
      row[count] = value;
      return row;
    });
    let rank = 0;
    for (let column = 0; column < count && rank < rows.length; column++) {
      let best = -1;
      let size = 1e-7;
      for (let i = rank; i < rows.length; i++) {
        const value = Math.abs(rows[i]?.[column] ?? 0);
        if (value > size) [best, size] = [i, value];
      }
      if (best < 0) continue;
      const pivot = rows.splice(best, 1)[0] as Float64Array<ArrayBuffer>;
      rows.splice(rank, 0, pivot);
      const scale = pivot[column] as number;
      for (let k = column; k <= count; k++) pivot[k] = (pivot[k] as number) / scale;
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] as Float64Array<ArrayBuffer>;
        const factor = row[column] as number;
        if (i === rank || Math.abs(factor) <= 1e-9) continue;
        for (let k = column; k <= count; k++) row[k] = (row[k] as number) - factor * (pivot[k] as number);
      }
      this.#pivots.push(column);
      rank += 1;
    }
    return rows.slice(0, rank);
  }

  /** Narrows the intervals until nothing changes; false if one is empty. */
  #narrow(low: Float64Array, high: Float64Array): boolean {
    for (let round = 0; round < 60; round++) {
      let changed = false;
      for (const constraint of this.#constraints) {
        const outcome = narrowBy(constraint, low, high);
        this.#work += constraint.terms.length;
        if (outcome === "empty") return false;
        changed ||= outcome === "changed";
      }
      for (const [small, large] of this.#model.orders) {
        if ((high[small] as number) > (high[large] as number)) [high[small], changed] = [high[large] as number, true];
        if ((low[large] as number) < (low[small] as number)) [low[large], changed] = [low[small] as number, true];
      }
      if (!changed) return true;
    }
    return true;
  }

  /** The value of a sum, if the equations leave it only one. */
  #determined(sum: Sum): number | undefined {
    const [least, most] = this.#range(sum, this.#low, this.#high);
    if (least === most) return least;
    const count = this.#low.length;
    const row = new Float64Array(count + 1);
    for (const [variable, coefficient] of sum) row[variable] = (row[variable] ?? 0) + coefficient;
    for (const [i, pivot] of this.#pivots.entries()) {
      const factor = row[pivot] as number;
      if (Math.abs(factor) <= 1e-12) continue;
      const reduced = this.#reduced[i] as Float64Array;
      for (let k = 0; k <= count; k++) row[k] = (row[k] as number) - factor * (reduced[k] as number);
    }
    let value = -(row[count] as number);
    for (let k = 0; k < count; k++) {
      if (Math.abs(row[k] as number) > 1e-6 && this.#low[k] !== this.#high[k]) return undefined;
      value += (row[k] as number) * (this.#low[k] as number);
    }
    return Math.round(value);
  }

  #range(sum: Sum, low: Float64Array, high: Float64Array): [least: number, most: number] {
    let least = 0;
    let most = 0;
    for (const [variable, coefficient] of sum) {
      least += coefficient * ((coefficient > 0 ? low : high)[variable] as number);
      most += coefficient * ((coefficient > 0 ? high : low)[variable] as number);
    }
    return [least, most];
  }

  #guess(sum: Sum): number {
    const [least, most] = this.#range(sum, this.#low, this.#high);
    return Math.round((least + Math.min(most, least + 20)) / 2);
  }

  /** Some of the integer solutions, by halving the smallest interval that is left. Where the steps are known, high and low halves come first
   * by turns, so that the middle of what is found is the middle of what there is; where they are not, low ones are the better guess. */
  #search(): Solution[] {
    const answers: Solution[] = [];
    let tries = TRIES;
    const descend = (low: Float64Array, high: Float64Array): void => {
      tries -= 1;
      if (tries <= 0 || answers.length >= ANSWERS || this.#work > MAX_WORK) return;
      const open = smallestInterval(low, high);
      if (open < 0) {
        answers.push({
          read: this.#range(this.#model.read, low, high)[0],
          written: this.#range(this.#model.written, low, high)[0],
        });
        return;
      }
      const halves = choices(low[open] as number, high[open] as number);
      if (this.#stepsAreKnown && answers.length % 2 === 1) halves.reverse();
      for (const [from, to] of halves) {
        const nextLow = low.slice();
        const nextHigh = high.slice();
        nextLow[open] = from;
        nextHigh[open] = to;
        if (this.#narrow(nextLow, nextHigh)) descend(nextLow, nextHigh);
      }
    };
    descend(this.#low, this.#high);
    return answers;
  }
}

function toConstraint(row: Float64Array): Constraint {
  const terms: [number, number][] = [];
  for (let k = 0; k < row.length - 1; k++) if (Math.abs(row[k] as number) > 1e-7) terms.push([k, row[k] as number]);
  return { terms, value: row[row.length - 1] as number };
}

/** What the other terms leave for each term of a constraint. */
function narrowBy({ terms, value }: Constraint, low: Float64Array, high: Float64Array): "empty" | "changed" | "same" {
  let least = 0;
  let most = 0;
  for (const [variable, coefficient] of terms) {
    least += coefficient * ((coefficient > 0 ? low : high)[variable] as number);
    most += coefficient * ((coefficient > 0 ? high : low)[variable] as number);
  }
  if (least > value + TOLERANCE || most < value - TOLERANCE) return "empty";
  let outcome: "changed" | "same" = "same";
  for (const [variable, coefficient] of terms) {
    const before = [low[variable] as number, high[variable] as number] as const;
    const [own, top] = coefficient > 0 ? before : [before[1], before[0]];
    const a = (value - (most - coefficient * top)) / coefficient;
    const b = (value - (least - coefficient * own)) / coefficient;
    const from = Math.max(before[0], Math.ceil(Math.min(a, b) - TOLERANCE));
    const to = Math.min(before[1], Math.floor(Math.max(a, b) + TOLERANCE));
    if (from > to) return "empty";
    if (from === before[0] && to === before[1]) continue;
    outcome = "changed";
    low[variable] = from;
    high[variable] = to;
    least += coefficient * ((coefficient > 0 ? from : to) - own);
    most += coefficient * ((coefficient > 0 ? to : from) - top);
  }
  return outcome;
}

function smallestInterval(low: Float64Array, high: Float64Array): number {
  let best = -1;
  let width = Number.POSITIVE_INFINITY;
  for (let i = 0; i < low.length; i++) {
    const own = (high[i] as number) - (low[i] as number);
    if (own > 0 && own < width) [best, width] = [i, own];
  }
  return best;
}

function choices(low: number, high: number): [from: number, to: number][] {
  if (high - low <= 3) return Array.from({ length: high - low + 1 }, (_, i) => [low + i, low + i]);
  const half = Math.floor((low + high) / 2);
  return [
    [low, half],
    [half + 1, high],
  ];
}

function middle(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
