/** What becomes of connections and facets at the end of a session or a host, where that cannot be seen live on the platform. */
import { DurableObject } from "cloudflare:workers";
import type { LogStore } from "@holdfast/timeline/contract";
import { type DurableObjectNamespace, type DurableObjectState, memoryStore, type ObjectWebSocket, openHost } from "holdfast";
import { afterEach, beforeEach, expect, test } from "vitest";

const IDLE = 10_000;
const soon = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));

/** Timers that fire when the test says so. */
function idleClock() {
  const timers = new Set<{ task(): void; ms: number }>();
  return {
    now: () => Date.now(),
    setTimer(task: () => void, ms: number): () => void {
      const timer = { task, ms };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    /** Ends every session that nobody needs. */
    async passIdleTime(): Promise<void> {
      for (const timer of [...timers].filter(({ ms }) => ms === IDLE)) {
        timers.delete(timer);
        timer.task();
      }
      await soon();
    },
  };
}

const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await soon();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

class Sleeper extends DurableObject {
  declare ctx: DurableObjectState;

  fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client } as ResponseInit);
  }
}

class Caller extends DurableObject<{ SLEEPER: DurableObjectNamespace }> {
  async dial(): Promise<void> {
    const stub = this.env.SLEEPER.getByName("one");
    const response = await stub.fetch("https://sleeper/", { headers: { Upgrade: "websocket" } });
    (response as unknown as { webSocket: ObjectWebSocket }).webSocket.accept();
  }
}

test("a host closes while an object holds a connection to one that sleeps", async () => {
  const clock = idleClock();
  const host = await openHost<{ CALLER: DurableObjectNamespace<Caller> }>({
    clock,
    worker: { Caller, Sleeper },
    durableObjects: { CALLER: { className: "Caller" }, SLEEPER: { className: "Sleeper" } },
  });
  await host.env.CALLER.getByName("one").dial();
  await clock.passIdleTime();
  await host.close();
});

class Part extends DurableObject {
  declare ctx: DurableObjectState;

  put(value: string): void {
    this.ctx.storage.kv.put("value", value);
  }

  get(): string | undefined {
    return this.ctx.storage.kv.get<string>("value");
  }
}

/** What left-over code was told. */
const told: string[] = [];
let goOn: () => void;

class Whole extends DurableObject {
  declare ctx: DurableObjectState;

  part() {
    return this.ctx.facets.get<Part>("part", () => ({ class: (this.ctx.exports as { Part: object }).Part }));
  }

  put(value: string): Promise<void> {
    return this.part().put(value);
  }

  get(): Promise<string | undefined> {
    return this.part().get();
  }

  delete(): void {
    this.ctx.facets.delete("part");
  }

  async linger(): Promise<void> {
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { 1: server } = new WebSocketPair();
    const actions = [() => this.ctx.facets.delete("part"), () => this.ctx.acceptWebSocket(server)];
    for (const act of actions) {
      try {
        act();
        told.push("nothing");
      } catch (error) {
        told.push(String(error));
      }
    }
  }

  stop(): void {
    this.ctx.abort("stopped");
  }
}

const openWhole = (store: LogStore) =>
  openHost<{ WHOLE: DurableObjectNamespace<Whole> }>({
    store,
    worker: { Whole, Part },
    durableObjects: { WHOLE: { className: "Whole" } },
  });

test("code that a reset left over deletes no facets of the next session, and accepts no sockets", async () => {
  const host = await openWhole(memoryStore());
  const whole = () => host.env.WHOLE.getByName("one");
  const lingering = whole().linger().catch(String);
  await soon();
  await expect(whole().stop()).rejects.toThrow("stopped");
  expect(await lingering).toBe("Error: stopped");
  await whole().put("kept");
  goOn();
  await soon();
  expect(told).toEqual(["Error: stopped", "Error: stopped"]);
  expect(await whole().get()).toBe("kept");
  await host.close();
});

test("a facet that could not be deleted while the host closed: close() says so", async () => {
  const store = memoryStore();
  const failing: LogStore = {
    ...bound(store),
    delete: async () => {
      await soon(100);
      throw new Error("the disk is full");
    },
  };
  const host = await openWhole(failing);
  const whole = host.env.WHOLE.getByName("one");
  await whole.put("value");
  const deleting = Promise.resolve(whole.delete()).catch(String);
  await soon();
  await expect(host.close()).rejects.toThrow("the disk is full");
  expect(await deleting).toMatch("closed");
});

/** A store's methods as properties, to replace some of them. */
function bound(store: LogStore): LogStore {
  return {
    open: (id) => store.open(id),
    read: (id) => store.read(id),
    fork: (id, at, to) => store.fork(id, at, to),
    due: (before, limit) => store.due(before, limit),
    list: (prefix) => store.list(prefix),
    delete: (id) => store.delete(id),
    close: () => store.close(),
  };
}
