/** The input gate under random events, sections and failures: its invariants hold after every step (`spec/runtime` §1.6). */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Scope } from "../../src/gate/scope.js";
import { Turns } from "../../src/gate/turn.js";

const RUNS = 250;
const STEPS = 500;

/** What happens in a turn, or between turns. */
type Action = "event" | "task" | "timer" | "section" | "end" | "fail" | "throw" | "wait" | "deep";
const ACTIONS: readonly Action[] = [
  "event",
  "task",
  "task",
  "task",
  "timer",
  "section",
  "end",
  "wait",
  "deep",
  "event",
  "fail",
  "throw",
];

interface OpenSection {
  readonly scope: Scope;
  resolve(): void;
  reject(error: unknown): void;
}

class Run {
  readonly #tasks: (() => void)[] = [];
  readonly #timers: (() => void)[] = [];
  readonly #sections: OpenSection[] = [];
  readonly #choose: (count: number) => number;
  readonly turns: Turns;
  readonly delivered: number[] = [];
  readonly ran: number[] = [];
  #isQuiet = false;
  running: Scope | undefined;
  broken: unknown;
  turnsAfterBreak = 0;
  #events = 0;

  constructor(choose: (count: number) => number) {
    this.#choose = choose;
    this.turns = new Turns({
      schedule: (task) => this.#tasks.push(task),
      setTimer: () => () => {},
      endOfTurn: () => {},
      onSectionFailed: (error) => {
        this.broken ??= error;
        this.turns.stop(error);
      },
      onRunning: (scope) => {
        if (scope && this.running) throw new Error("invariant 1: two turns of an object run at once");
        if (scope && this.broken) this.turnsAfterBreak += 1;
        this.running = scope;
      },
    });
  }

  async step(action: Action): Promise<void> {
    if (action === "event") this.#event();
    else if (action === "timer") this.#timers.splice(this.#choose(Math.max(1, this.#timers.length)), 1)[0]?.();
    else this.#tasks.shift()?.();
    await new Promise((resolve) => setImmediate(resolve)); // microtasks drain
    this.check();
  }

  async finish(): Promise<void> {
    this.#isQuiet = true;
    while (this.#tasks.length + this.#timers.length + this.#sections.length > 0) {
      await this.step(this.#tasks.length > 0 ? "task" : "timer");
      if (this.#tasks.length === 0) for (const { resolve } of this.#sections.splice(0)) resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #event(): void {
    const number = this.#events++;
    this.delivered.push(number);
    this.turns.deliver(() => {
      this.ran.push(number);
      this.#body();
    });
  }

  /** Some things that code of the object does in a turn. */
  #body(): void {
    if (this.broken) this.turnsAfterBreak += 1;
    const { currentScope } = this.turns;
    if (this.running?.effective !== currentScope) throw new Error("invariant 3: code runs in another scope than its turn's");
    for (let i = this.#isQuiet ? 0 : this.#choose(3); i > 0; i--) {
      switch (ACTIONS[this.#choose(ACTIONS.length)]) {
        case "timer":
          this.#timers.push(() => this.turns.deliver(() => this.#body(), currentScope));
          break;
        case "section":
          this.#section();
          break;
        case "deep":
          if (this.#choose(4) === 0) for (let depth = 0; depth < 70; depth++) this.#section();
          break;
        case "end":
          this.#sections.splice(this.#choose(Math.max(1, this.#sections.length)), 1)[0]?.resolve();
          break;
        case "fail":
          if (this.#choose(30) === 0) this.#sections.pop()?.reject(new Error("section"));
          break;
      }
    }
  }

  #section(): void {
    const parent = this.turns.currentScope;
    const body = () => {
      const scope = this.turns.currentScope;
      if (scope.parent?.effective !== parent.effective) throw new Error("a section is not where it was asked for");
      this.#body();
      if (!this.#isQuiet && this.#choose(60) === 0) throw new Error("thrown");
      return new Promise<void>((resolve, reject) => this.#sections.push({ scope, resolve, reject }));
    };
    this.turns.section(body).then(
      () => this.#body(),
      (error) => expect(error.message).toContain("nested too deeply"),
    );
  }

  check(): void {
    for (const { scope } of this.#sections) {
      if (this.broken || scope.effective !== scope) continue;
      expect(scope.parent?.isLocked, "invariant 2: an open section does not lock its parent").toBe(true);
    }
    if (this.broken) expect(this.turns.root.isAwaited, "somebody waits at a broken gate").toBe(false);
    expect(this.turnsAfterBreak, "invariant 5: a turn started after the break").toBe(0);
  }
}

/** Numbers below a bound, from a seed. */
function numbers(seed: number): (count: number) => number {
  let state = seed | 1;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return ((state >>> 8) * count) >>> 24;
  };
}

test("random events, sections, timers and failures", { timeout: 120_000 }, async () => {
  let steps = 0;
  const seed = Number(process.env["SEED"] ?? 20261122);
  await fc.assert(
    fc.asyncProperty(fc.nat(0x7fffffff), async (start) => {
      const choose = numbers(start);
      const run = new Run(choose);
      for (let i = 0; i < STEPS && run.broken === undefined; i++) {
        await run.step(ACTIONS[choose(ACTIONS.length)] as Action);
        steps += 1;
      }
      for (let i = 0; i < 20; i++, steps++) await run.step("task"); // also after a break
      if (run.broken !== undefined) return;
      await run.finish();
      expect(run.ran, "events of the root scope run in the order they came, and all of them").toEqual(run.delivered);
      expect(run.turns.root.isLocked, "a lock was never given back").toBe(false);
    }),
    { numRuns: RUNS, seed },
  );
  console.log(`gate model: ${steps} steps; SEED=${seed} npx vitest run packages/core/test/gate/gate-model.test.ts`);
});
