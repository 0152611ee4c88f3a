/** control-flow.ts
 * Which instructions of a program can run at all, and which can run more than once. */
import { BRANCHES, equalityCursors, type Instruction, isEqualitySeek } from "./listing.js";

export interface ControlFlow {
  readonly reachable: ReadonlySet<number>;
  /** Instructions on a cycle, or in a subroutine with several callers. */
  readonly repeated: ReadonlySet<number>;
  readonly gosubs: ReadonlyMap<number, readonly number[]>;
  readonly coroutines: ReadonlyMap<number, Coroutine>;
}

/** A coroutine is known by the register that holds its address. */
interface Coroutine {
  readonly starts: readonly number[];
  readonly body: ReadonlySet<number>;
  readonly yields: readonly number[];
}

export function controlFlow(program: readonly Instruction[]): ControlFlow {
  const gosubs = placesByRegister(program, "Gosub");
  const coroutines = findCoroutines(program);
  const next = successors(program);
  const reachable = reach([0], next, program.length);
  const repeated = cycles(reachable, loopSuccessors(program, next, gosubs, coroutines));
  for (const callers of gosubs.values()) {
    const entry = program[callers[0] as number]?.p2;
    if (callers.length > 1 && entry !== undefined) for (const i of reach([entry], next, program.length)) repeated.add(i);
  }
  return { reachable, repeated, gosubs, coroutines };
}

function placesByRegister(program: readonly Instruction[], opcode: string): Map<number, number[]> {
  const places = new Map<number, number[]>();
  program.forEach((one, i) => {
    if (one.opcode === opcode) places.set(one.p1, [...(places.get(one.p1) ?? []), i]);
  });
  return places;
}

function findCoroutines(program: readonly Instruction[]): Map<number, Coroutine> {
  const yields = placesByRegister(program, "Yield");
  return new Map(
    [...placesByRegister(program, "InitCoroutine")].map(([register, starts]) => {
      const body = new Set<number>();
      for (const start of starts) {
        for (let i = program[start]?.p3 ?? 0; i < program.length; i++) {
          body.add(i);
          if (program[i]?.opcode === "EndCoroutine" && program[i]?.p1 === register) break;
        }
      }
      return [register, { starts, body, yields: yields.get(register) ?? [] }] as const;
    }),
  );
}

/** Where control can go from an instruction, a subroutine call counting as both the call and the return. */
function successors(program: readonly Instruction[]): (i: number) => number[] {
  const equality = equalityCursors(program);
  return (i) => {
    const one = program[i] as Instruction;
    switch (one.opcode) {
      case "Goto":
      case "Init":
        return [one.p2];
      case "Halt":
      case "EndCoroutine":
        return [];
      case "Gosub":
        return [one.p2, i + 1];
      case "Return":
        return one.p3 ? [i + 1] : [];
      case "InitCoroutine":
        return [one.p2 || i + 1, one.p3];
      case "Yield":
        return one.p2 ? [i + 1, one.p2] : [i + 1];
      case "Jump":
        return [one.p1, one.p2, one.p3];
      case "SeekScan":
        return [i + 1, one.p2, program[i + 1]?.p2 ?? i + 1];
      default: {
        const following = i + (isEqualitySeek(one, equality) ? 2 : 1);
        return BRANCHES.has(one.opcode) && one.p2 > 0 ? [following, one.p2] : [following];
      }
    }
  };
}

/** The same, with calls and returns followed for what they are: for finding loops. */
function loopSuccessors(
  program: readonly Instruction[],
  next: (i: number) => number[],
  gosubs: ControlFlow["gosubs"],
  coroutines: ControlFlow["coroutines"],
): (i: number) => number[] {
  return (i) => {
    const one = program[i] as Instruction;
    const coroutine = coroutines.get(one.p1);
    switch (one.opcode) {
      case "Return":
        return [...(one.p3 ? [i + 1] : []), ...(gosubs.get(one.p1) ?? []).map((caller) => caller + 1)];
      case "Gosub":
        return [one.p2];
      case "Yield": {
        const others = coroutine?.yields.filter((other) => coroutine.body.has(other) !== coroutine.body.has(i)) ?? [];
        return [...others.map((other) => other + 1), ...(one.p2 ? [one.p2] : []), i + 1];
      }
      case "EndCoroutine":
        return (coroutine?.yields ?? []).map((other) => program[other]?.p2 ?? 0).filter((to) => to > 0);
      default:
        return next(i);
    }
  };
}

function reach(from: readonly number[], next: (i: number) => number[], length: number): Set<number> {
  const reached = new Set(from);
  for (const i of reached) for (const to of next(i)) if (to < length) reached.add(to);
  return reached;
}

/** Members of strongly connected components of more than one node (Tarjan's algorithm, without recursion), and nodes that follow themselves. */
function cycles(nodes: ReadonlySet<number>, next: (i: number) => number[]): Set<number> {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const found = new Set<number>();
  const lower = (node: number, value: number) => low.set(node, Math.min(low.get(node) ?? value, value));
  const enter = (node: number) => {
    low.set(node, index.size);
    index.set(node, index.size);
    stack.push(node);
    onStack.add(node);
    return { node, edges: next(node).filter((to) => nodes.has(to)), at: 0 };
  };
  for (const root of nodes) {
    if (index.has(root)) continue;
    const work = [enter(root)];
    for (let frame = work.at(-1); frame; frame = work.at(-1)) {
      const to = frame.edges[frame.at];
      frame.at += 1;
      if (to === undefined) {
        work.pop();
        const own = low.get(frame.node) as number;
        const parent = work.at(-1);
        if (parent) lower(parent.node, own);
        if (own === index.get(frame.node)) {
          const component: number[] = [];
          for (let member = stack.pop(); member !== undefined; member = member === frame.node ? undefined : stack.pop()) {
            onStack.delete(member);
            component.push(member);
          }
          if (component.length > 1 || frame.edges.includes(frame.node)) for (const member of component) found.add(member);
        }
      } else if (!index.has(to)) work.push(enter(to));
      else if (onStack.has(to)) lower(frame.node, index.get(to) as number);
    }
  }
  return found;
}
