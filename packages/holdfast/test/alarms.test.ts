/** Alarms over restarts, many at once, and handlers that do not end (`spec/runtime` §7). */
import { DurableObject } from "cloudflare:workers";
import type { SqliteDriver } from "@holdfast/core/contract";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type DurableObjectNamespace,
  type DurableObjectState,
  HoldfastError,
  memoryStore,
  type OpenHostOptions,
  openHost,
  sqliteWasm,
} from "../src/index.js";

/** What ran, by object. */
let runs: unknown[] = [];
let mode: "succeed" | "throw" | "hang" | "deleteAll" = "succeed";

class Clock extends DurableObject {
  declare ctx: DurableObjectState;
  async wake(at: number): Promise<void> {
    await this.ctx.storage.setAlarm(at);
  }
  async clear(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
  }
  bookmark(): Promise<string> {
    return this.ctx.storage.getCurrentBookmark();
  }
  async restore(bookmark: string): Promise<void> {
    await this.ctx.storage.onNextSessionRestoreBookmark(bookmark);
    this.ctx.abort("restart");
  }
  get(): Promise<number | null> {
    return this.ctx.storage.getAlarm();
  }
  async alarm(info: { readonly retryCount: number }): Promise<void> {
    runs.push([this.ctx.id.name ?? null, info.retryCount]);
    if (mode === "throw") throw new Error("alarm");
    if (mode === "deleteAll") await this.ctx.storage.deleteAll();
    if (mode === "hang") await new Promise(() => {});
  }
}

type Bindings = { CLOCK: DurableObjectNamespace<Clock> };
const open = (options: Partial<OpenHostOptions>) =>
  openHost<Bindings>({ worker: { Clock }, durableObjects: { CLOCK: { className: "Clock" } }, ...options });

const macrotasks = async () => {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
};

afterEach(() => {
  runs = [];
  mode = "succeed";
  vi.useRealTimers();
});

/** Time that the test moves. */
class ManualClock {
  time = 1_800_000_000_000;
  readonly timers = new Set<{ readonly at: number; readonly task: () => void }>();
  now(): number {
    return this.time;
  }
  setTimer(task: () => void, ms: number): () => void {
    const timer = { at: this.time + ms, task };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await macrotasks();
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.task();
    }
    this.time = end;
  }
}

describe("alarms", () => {
  test("one that fell due while nobody was there runs at the start, without any call, and the object knows its name", async () => {
    const store = memoryStore();
    const clock = new ManualClock();
    const first = await open({ store, clock });
    await first.env.CLOCK.getByName("one").wake(clock.time + 1000);
    await first.close();
    clock.time += 5000;
    expect(runs).toEqual([]);
    const second = await open({ store, clock });
    await clock.advance(0);
    expect(runs).toEqual([["one", 0]]);
    expect(await second.env.CLOCK.getByName("one").get()).toBe(null);
    await second.close();
  });

  test("a restart begins the retries anew, and the alarm is still set", async () => {
    const store = memoryStore();
    const clock = new ManualClock();
    mode = "throw";
    const first = await open({ store, clock });
    const at = clock.time + 10;
    await first.env.CLOCK.getByName("one").wake(at);
    await clock.advance(3000);
    expect(runs).toEqual([
      ["one", 0],
      ["one", 1],
    ]);
    expect(await first.env.CLOCK.getByName("one").get()).toBe(at);
    await first.close();
    const second = await open({ store, clock });
    await clock.advance(0);
    expect(runs.at(-1)).toEqual(["one", 0]);
    await second.close();
  });

  test("a handler that never settles is cut off after 15 minutes, and retried", async () => {
    const clock = new ManualClock();
    mode = "hang";
    const host = await open({ clock });
    await host.env.CLOCK.getByName("one").wake(clock.time + 10);
    await clock.advance(15 * 60 * 1000);
    expect(runs.length).toBe(1);
    mode = "succeed";
    await clock.advance(3000);
    expect(runs.at(-1)).toEqual(["one", 1]);
    await host.close();
  });

  test("one that a restore brings back runs", async () => {
    const clock = new ManualClock();
    const host = await open({ clock });
    const one = () => host.env.CLOCK.getByName("one");
    await one().wake(clock.time + 1000);
    const bookmark = await one().bookmark();
    await one().clear();
    await expect(one().restore(bookmark)).rejects.toThrow("restart");
    expect(await one().get()).toBe(clock.time + 1000);
    await clock.advance(2000);
    expect(runs).toEqual([["one", 0]]);
    await host.close();
  });

  test("one whose clearing is lost with the store runs", async () => {
    const clock = new ManualClock();
    const store = memoryStore();
    let isFailing = false;
    const openLog = store.open.bind(store);
    store.open = async (id) => {
      const log = await openLog(id);
      const { flushed, append } = log;
      log.append = (...args) => {
        if (!isFailing) append.apply(log, args);
      };
      log.flushed = (position) =>
        isFailing ? Promise.reject(new HoldfastError("HOLDFAST_STORE_FAILED", "disk")) : flushed.call(log, position);
      return log;
    };
    const host = await open({ clock, store });
    await host.env.CLOCK.getByName("one").wake(clock.time + 1000);
    isFailing = true;
    await expect(host.env.CLOCK.getByName("one").clear()).rejects.toThrow("disk");
    isFailing = false;
    await clock.advance(2000);
    expect(runs).toEqual([["one", 0]]);
    await host.close();
  });

  test("deleteAll() in the handler that keeps alarms does not begin it again", async () => {
    const clock = new ManualClock();
    mode = "deleteAll";
    const host = await open({ clock, compatibilityDate: "2026-01-01" });
    await host.env.CLOCK.getByName("one").wake(clock.time + 10);
    await clock.advance(1000);
    expect(runs).toEqual([["one", 0]]);
    expect(await host.env.CLOCK.getByName("one").get()).toBe(null);
    await host.close();
  });

  test("10,000 objects with alarms: one timer, and none is opened before it is due", { timeout: 120_000 }, async () => {
    const store = memoryStore();
    const clock = new ManualClock();
    const due = clock.time + 1_000_000;
    for (let batch = 0; batch < 20; batch++) {
      const host = await open({ store, clock });
      await Promise.all(
        Array.from({ length: 500 }, (_, i) => host.env.CLOCK.getByName(`${batch * 500 + i}`).wake(due + batch * 500 + i)),
      );
      await host.close();
    }
    let opened = 0;
    const wasm = sqliteWasm();
    const driver: SqliteDriver = {
      ...wasm,
      open: (options) => {
        opened += 1;
        return wasm.open(options);
      },
    };
    clock.timers.clear();
    const host = await open({ store, clock, driver });
    expect([clock.timers.size, opened]).toEqual([1, 0]);
    await clock.advance(1_000_000 + 2);
    expect(runs).toEqual([
      ["0", 0],
      ["1", 0],
      ["2", 0],
    ]);
    expect(opened).toBe(3);
    await host.close();
  });
});
