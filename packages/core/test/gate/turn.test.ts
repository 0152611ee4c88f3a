import { describe, expect, test } from "vitest";
import { Turns } from "../../src/gate/turn.js";

/** Macrotasks run when the test says so; microtasks drain after each, as on the platform. */
class Scheduler {
  readonly #tasks: (() => void)[] = [];
  readonly schedule = (task: () => void): void => void this.#tasks.push(task);

  async runOne(): Promise<void> {
    this.#tasks.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async runAll(): Promise<void> {
    while (this.#tasks.length > 0) await this.runOne();
  }
}

function setUp() {
  const log: string[] = [];
  const scheduler = new Scheduler();
  let written = 0;
  const turns = new Turns({
    schedule: scheduler.schedule,
    endOfTurn: () => {
      if (written > 0) log.push(`commit ${written}`);
      written = 0;
    },
    setTimer: () => () => {},
    onSectionFailed: (error) => turns.stop(error),
    onRunning: (scope) => log.push(scope ? "begin" : "end"),
  });
  const write = () => {
    written += 1;
    turns.joined();
  };
  return { log, scheduler, turns, write };
}

describe("Turns", () => {
  test("rule 1: an event and its microtasks run whole before the next", async () => {
    const { log, scheduler, turns } = setUp();
    for (const name of ["a", "b"]) {
      turns.deliver(async () => {
        log.push(`${name}1`);
        for (let i = 0; i < 100; i++) await null;
        log.push(`${name}2`);
      });
    }
    await scheduler.runAll();
    expect(log).toEqual(["begin", "a1", "a2", "end", "begin", "b1", "b2", "end"]);
  });

  test("rule 2: what a turn wrote is committed at its end, before the next event", async () => {
    const { log, scheduler, turns, write } = setUp();
    turns.deliver(async () => {
      write();
      await null;
      write();
    });
    turns.deliver(() => log.push("next"));
    await scheduler.runAll();
    expect(log).toEqual(["begin", "end", "commit 2", "begin", "next", "end"]);
  });

  test("rule 3: a write outside any event is committed in the next macrotask", async () => {
    const { log, scheduler, write } = setUp();
    write();
    write();
    expect(log).toEqual([]);
    await scheduler.runAll();
    expect(log).toEqual(["commit 2"]);
  });

  test("rules 2, 3: a write between an event's delivery and its start is committed before it starts", async () => {
    const { log, scheduler, turns, write } = setUp();
    turns.deliver(() => write());
    write();
    await scheduler.runAll();
    expect(log).toEqual(["commit 1", "begin", "end", "commit 1"]);
  });

  test("rule 4: a write of another task source inside a turn joins it and does not end it", async () => {
    const { log, scheduler, turns, write } = setUp();
    turns.deliver(() => write());
    await scheduler.runOne();
    write(); // between the turn's two macrotasks
    await scheduler.runAll();
    expect(log).toEqual(["begin", "end", "commit 2"]);
  });

  test("afterTurn: runs once no code of the object is running", async () => {
    const { log, scheduler, turns, write } = setUp();
    turns.deliver(() => {
      write();
      turns.afterTurn(() => log.push("reply"));
    });
    await scheduler.runAll();
    turns.afterTurn(() => log.push("at once"));
    expect(log).toEqual(["begin", "end", "commit 1", "reply", "at once"]);
  });

  test("an end of turn that fails before an event keeps the event from starting", async () => {
    const log: string[] = [];
    const scheduler = new Scheduler();
    const turns: Turns = new Turns({
      schedule: scheduler.schedule,
      setTimer: () => () => {},
      endOfTurn: () => turns.stop("gone"),
      onSectionFailed: (error) => turns.stop(error),
    });
    turns.deliver(() => log.push("never"));
    await scheduler.runAll();
    expect(log).toEqual([]);
  });

  test("stop: no event starts any more, and nothing is committed", async () => {
    const { log, scheduler, turns, write } = setUp();
    turns.deliver(() => {
      write();
      turns.stop("gone");
    });
    turns.deliver(() => log.push("never"));
    await scheduler.runAll();
    turns.deliver(() => log.push("never"));
    await scheduler.runAll();
    expect(log).toEqual(["begin", "end"]);
  });
});
