/** Objects on legacy key-value storage: the cache between them and their store (`spec/kv` §4.2), gates, failures, alarms, restarts. */
import { DurableObject } from "cloudflare:workers";
import type { KvBackend, KvBatch, KvStore } from "@holdfast/core/contract";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { type DurableObjectNamespace, type DurableObjectState, memoryKv, openHost } from "../src/index.js";

type Storage = DurableObjectState["storage"];

type Body = (storage: Storage, ctx: DurableObjectState) => unknown;

/** What the next events of the object do. */
let bodies: Body[] = [];
let alarms: unknown[] = [];
let onAlarm: ((storage: Storage) => unknown) | undefined;

class Legacy extends DurableObject {
  declare ctx: DurableObjectState;
  async run(): Promise<unknown> {
    return bodies.shift()?.(this.ctx.storage, this.ctx);
  }
  ping(): string {
    return "pong";
  }
  async alarm(): Promise<void> {
    alarms.push(this.ctx.id.name);
    await onAlarm?.(this.ctx.storage);
  }
}

/** A backend that notes what reaches the store, and can be made to wait or to fail there. */
class Watched implements KvBackend {
  readonly kind = "legacy-kv";
  readonly #inner = memoryKv();
  readonly log: string[] = [];
  /** Called before each operation; what it throws fails the operation. */
  before: (operation: string) => void | Promise<void> = () => {};
  /** Between reading a list and handing it out. */
  afterList: () => void | Promise<void> = () => {};

  async open(objectId: string): Promise<KvStore> {
    const store = await this.#inner.open(objectId);
    const note = async (operation: string) => {
      this.log.push(operation);
      await this.before(operation);
    };
    const afterList = () => this.afterList();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      get: async (keys) => {
        await note(`get ${keys.map(text).join()}`);
        return store.get(keys);
      },
      list: (range) => {
        const listed = async function* () {
          await note("list");
          const pairs: (readonly [Uint8Array, Uint8Array])[] = [];
          for await (const pair of store.list(range)) pairs.push(pair);
          await afterList();
          yield* pairs;
        };
        return listed();
      },
      getAlarm: () => store.getAlarm(),
      getName: () => store.getName(),
      commit: async (batch: KvBatch) => {
        const puts = batch.puts.map(([key]) => `+${text(key)}`);
        await note(`commit ${[...puts, ...batch.deletes.map((key) => `-${text(key)}`)].join()}`);
        return store.commit(batch);
      },
      deleteAll: async () => {
        await note("deleteAll");
        return store.deleteAll();
      },
      close: async () => {
        await note("close");
        return store.close();
      },
    };
  }

  list(prefix?: string): AsyncIterable<string> {
    return this.#inner.list(prefix);
  }
  delete(objectId: string): Promise<void> {
    return this.#inner.delete(objectId);
  }
  due(beforeMs: number, limit: number): AsyncIterable<{ readonly id: string; readonly at: number }> {
    return this.#inner.due(beforeMs, limit);
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
}

type Bindings = { LEGACY: DurableObjectNamespace<Legacy> };
const hosts: { close(): Promise<void> }[] = [];

async function open(legacy: KvBackend = memoryKv()) {
  const durableObjects = { LEGACY: { className: "Legacy", storage: "legacy-kv" } } as const;
  const host = await openHost<Bindings>({ worker: { Legacy }, durableObjects, legacy });
  hosts.push(host);
  const stub = () => host.env.LEGACY.getByName("one");
  /** Runs code as an event of the object. */
  const event = (run: Body): Promise<unknown> => {
    bodies.push(run);
    return stub().run();
  };
  return { host, stub, event };
}

const macrotasks = async (count = 20) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Waits in a test's hands. */
function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

afterEach(async () => {
  alarms = [];
  onAlarm = undefined;
  bodies = [];
  for (const host of hosts.splice(0)) await host.close();
});

describe("writes", () => {
  test("of one turn reach the store at once, each key once; those that change nothing never do", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    await event(async (storage) => {
      storage.put("a", 1);
      storage.put("a", 2);
      await storage.put({ b: 1, c: 1 });
      await storage.delete("c");
    });
    await event((storage) => storage.put("a", 2));
    await event((storage) => storage.delete("c"));
    expect(backend.log).toEqual(["commit +a,+b,-c"]);
    expect(await event((storage) => storage.list())).toEqual(new Map(Object.entries({ a: 2, b: 1 })));
  });

  test("of many events become one batch while another is on its way", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    const slow = gate();
    backend.before = (operation) => (operation === "commit +a" ? slow.opened : undefined);
    const events = ["a", "b", "c"].map((key) => event((storage) => void storage.put(key, key)));
    await macrotasks();
    expect(backend.log).toEqual(["commit +a"]);
    slow.open();
    await Promise.all(events);
    expect(backend.log).toEqual(["commit +a", "commit +b,+c"]);
  });

  test("hold back the answer until they are durable, unless they need not be", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    const slow = gate();
    backend.before = () => slow.opened;
    let answered = 0;
    const confirmed = event((storage) => void storage.put("a", 1)).then(() => answered++);
    await macrotasks();
    expect(answered).toBe(0);
    slow.open();
    await confirmed;
    const never = gate();
    backend.before = () => never.opened;
    await event((storage) => void storage.put("b", 1, { allowUnconfirmed: true }));
    never.open();
  });

  test("of an aborted turn are lost", async () => {
    const { event } = await open();
    await event((storage) => storage.put("a", 1));
    const aborted = event((storage, ctx) => {
      storage.put("a", 2);
      ctx.abort("no");
    });
    await expect(aborted).rejects.toThrow("no");
    expect(await event((storage) => storage.get("a"))).toBe(1);
  });

  test("that would not fit in memory reset the object", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    const never = gate();
    backend.before = () => never.opened;
    const value = new Uint8Array(131_000);
    const filled = event((storage) => {
      for (let i = 0; i < 1100; i++) storage.put(`key ${i}`, value).catch(() => undefined);
    });
    await expect(filled).rejects.toThrow("overflowing the storage cache");
    never.open();
  });
});

describe("reads", () => {
  test("give what there was when they were called, and what is written later waits for them", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    await event((storage) => storage.put({ a: 1, b: 1 }));
    const { event: again } = await reopened(backend);
    backend.log.length = 0;
    const slow = gate();
    backend.before = (operation) => (operation.startsWith("get") || operation === "list" ? slow.opened : undefined);
    const found = again(async (storage) => {
      const before = [storage.get("a"), storage.list()];
      storage.put("a", 2);
      storage.delete("b");
      const after = [storage.get("a"), storage.list()];
      return Promise.all([...before, ...after]);
    });
    await macrotasks();
    expect(backend.log.filter((one) => one.startsWith("commit"))).toEqual([]);
    slow.open();
    expect(await found).toEqual([1, new Map(Object.entries({ a: 1, b: 1 })), 2, new Map([["a", 2]])]);
    expect(backend.log.at(-1)).toBe("commit +a,-b");
  });

  test("of what is just being written leave nothing behind that is older", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    await event((storage) => storage.put("a", 1));
    const { event: again } = await reopened(backend);
    const [slowCommit, slowList] = [gate(), gate()];
    backend.before = (operation) => (operation.startsWith("commit") ? slowCommit.opened : undefined);
    backend.afterList = () => slowList.opened;
    const written = again((storage) => void storage.put("a", 2));
    await macrotasks();
    const listed = again((storage) => storage.list({ allowConcurrency: true }));
    await macrotasks();
    slowCommit.open();
    await written;
    slowList.open();
    expect(await listed).toEqual(new Map([["a", 2]]));
    expect(await again((storage) => storage.get("a"))).toBe(2);
  });

  test("of one key at once are one; what was read, and what is not there, is remembered", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    const read = (storage: Storage) => Promise.all([storage.get("a"), storage.get("a"), storage.get(["a", "b"])]);
    await event(read);
    await event(read);
    expect(backend.log).toEqual(["get a", "get b"]);
    await event((storage) => storage.get("n", { noCache: true }));
    await event((storage) => storage.get("n", { noCache: true }));
    expect(backend.log.slice(2)).toEqual(["get n", "get n"]);
  });

  test("let no other event in while the store is asked, unless that is allowed", async () => {
    for (const allowConcurrency of [false, true]) {
      const backend = new Watched();
      const { event, stub } = await open(backend);
      const slow = gate();
      backend.before = () => slow.opened;
      const order: string[] = [];
      const reading = event(async (storage) => {
        await storage.get("a", { allowConcurrency });
        order.push("read");
      });
      const pinged = stub()
        .ping()
        .then(() => order.push("ping"));
      await macrotasks();
      slow.open();
      await Promise.all([reading, pinged]);
      expect(order).toEqual(allowConcurrency ? ["ping", "read"] : ["read", "ping"]);
    }
  });
});

async function reopened(backend: KvBackend) {
  for (const host of hosts.splice(0)) await host.close();
  return open(backend);
}

describe("failures of the store", () => {
  test("a commit that fails resets the object, tells whoever waits, and the next session has what is durable", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    await event((storage) => storage.put("a", 1));
    backend.before = () => {
      throw new Error("disk");
    };
    const told: unknown[] = [];
    const failed = event((storage) => {
      storage.put("a", 2);
      storage.sync().catch((error) => told.push(error.code));
    });
    await expect(failed).rejects.toMatchObject({ message: expect.stringContaining("The key-value store of object") });
    await macrotasks();
    expect(told).toEqual(["HOLDFAST_STORE_FAILED"]);
    backend.before = () => {};
    expect(await event((storage) => storage.get("a"))).toBe(1);
  });

  test("so does a read", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    backend.before = () => {
      throw new Error("disk");
    };
    await expect(event((storage) => storage.get("a"))).rejects.toThrow("The key-value store of object");
    backend.before = () => {};
    expect(await event((storage) => storage.get("a"))).toBeUndefined();
  });

  test("deleteAll that fails can be called again; two before the first is on its way are one", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    await event((storage) => storage.put({ a: 1, b: 1 }));
    backend.before = (operation) => {
      if (operation === "deleteAll") throw new Error("half way");
    };
    await expect(event((storage) => storage.deleteAll())).rejects.toThrow("The key-value store of object");
    backend.before = () => {};
    backend.log.length = 0;
    await event(async (storage) => {
      storage.put("c", 1);
      storage.deleteAll();
      storage.put("d", 1);
      storage.deleteAll();
      await storage.put("e", 1);
    });
    expect(backend.log).toEqual(["commit +c", "deleteAll", "commit +e"]);
    expect(await event((storage) => storage.list())).toEqual(new Map([["e", 1]]));
  });
});

test("what nobody awaits ends with its session, and does not end the process", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const backend = new Watched();
  const { event } = await open(backend);
  backend.before = async () => {
    throw new Error("disk");
  };
  const failed = event((storage, ctx) => {
    const leave = () => {
      for (const key of ["a", "b"]) {
        storage.get(key);
        storage.put(key, 1);
      }
      storage.list();
      storage.deleteAll();
      storage.sync();
      storage.setAlarm(Date.now() + 1e6);
      storage.getAlarm();
      storage.transaction(async (txn) => txn.get("a"));
    };
    leave();
    ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 5)).then(leave));
    setTimeout(leave, 1);
  });
  await expect(failed).rejects.toThrow("The key-value store of object");
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("whoever writes much waits for it, also for what a deletion drops meanwhile", async () => {
  const backend = new Watched();
  const { event } = await open(backend);
  const value = new Uint8Array(130_000);
  const written = event(async (storage) => {
    storage.deleteAll();
    const puts = Array.from({ length: 80 }, (_, i) => storage.put(`key ${i}`, value));
    storage.deleteAll();
    await Promise.all(puts);
    return (await storage.list()).size;
  });
  expect(await written).toBe(0);
  expect(backend.log).toEqual(["deleteAll", "list"]);
});

test("what is there is there after a restart, the alarm and the name too; it runs", async () => {
  const backend = memoryKv();
  const { event } = await open(backend);
  await event(async (storage) => {
    await storage.put("a", { b: [1n] });
    await storage.setAlarm(Date.now() + 50);
  });
  const { event: again } = await reopened(backend);
  expect(await again((storage) => storage.get("a"))).toEqual({ b: [1n] });
  await expect.poll(() => alarms, { timeout: 5000 }).toEqual(["one"]);
  expect(await again((storage) => storage.getAlarm())).toBeNull();
  const due: unknown[] = [];
  for await (const one of backend.due(Number.POSITIVE_INFINITY, 10)) due.push(one);
  expect(due).toEqual([]);
});

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("alarms that are on their way to the store", () => {
  test("one that a handler sets behind something slow stays set when the run ends", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    const slow = gate();
    backend.before = (operation) => (operation.includes("+x") ? slow.opened : undefined);
    const next = Date.now() + 3_600_000;
    onAlarm = async (storage) => {
      storage.put("x", 1, { allowUnconfirmed: true });
      await wait(5);
      await storage.setAlarm(next, { allowUnconfirmed: true });
    };
    await event((storage) => storage.setAlarm(Date.now()));
    await expect.poll(() => backend.log.some((one) => one.includes("+x"))).toBe(true);
    await wait(20);
    slow.open();
    await wait(50);
    expect(await event((storage) => storage.getAlarm())).toBe(next);
  });

  test("one that runs before it is durable is not seen by its handler, and runs once", async () => {
    const backend = new Watched();
    const { event } = await open(backend);
    const slow = gate();
    let seen: unknown;
    onAlarm = async (storage) => {
      seen = await storage.getAlarm();
    };
    await event((storage) => storage.setAlarm(Date.now() + 60));
    backend.before = (operation) => (operation.includes("+x") ? slow.opened : undefined);
    await event((storage) => void storage.put("x", 1, { allowUnconfirmed: true }));
    await event((storage) => void storage.setAlarm(Date.now() + 10, { allowUnconfirmed: true }));
    await expect.poll(() => alarms.length).toBe(1);
    slow.open();
    await wait(100);
    expect([alarms.length, seen]).toEqual([1, null]);
  });

  test("a transaction tells its own as it will be kept", async () => {
    const { event } = await open();
    const before = Date.now();
    const told = await event((storage) =>
      storage.transaction(async (txn) => {
        await txn.setAlarm(5.7);
        const alarm = await txn.getAlarm();
        txn.rollback();
        return alarm;
      }),
    );
    expect(told).toBeGreaterThanOrEqual(before);
  });
});

describe("closing", () => {
  test("nothing reaches a store that is being closed, and a read that hangs keeps nobody", async () => {
    const backend = new Watched();
    const { event, host } = await open(backend);
    const never = gate();
    backend.before = (operation) => (operation.startsWith("get") ? never.opened : undefined);
    const reading = event(async (storage) => {
      await storage.get("q");
      await storage.put("z", 1);
    });
    await macrotasks();
    const closed = host.close();
    await expect(reading).rejects.toMatchObject({ code: "HOLDFAST_CLOSED" });
    await closed;
    never.open();
    await macrotasks();
    expect(backend.log).toEqual(["get q", "close"]);
  });

  test("of a class whose store fails does not keep others from being closed", async () => {
    class Other extends Legacy {}
    const backend = new Watched();
    const durableObjects = {
      A: { className: "Legacy", storage: "legacy-kv" },
      B: { className: "Other", storage: "legacy-kv" },
    } as const;
    const host = await openHost<{ A: Bindings["LEGACY"]; B: Bindings["LEGACY"] }>({
      worker: { Legacy, Other },
      durableObjects,
      legacy: backend,
    });
    backend.before = async (operation) => {
      if (operation === "commit +fails") throw new Error("disk");
      await wait(10);
    };
    for (const [namespace, key] of [
      [host.env.A, "fails"],
      [host.env.B, "slow"],
    ] as const) {
      bodies.push((storage) => void storage.put(key, 1, { allowUnconfirmed: true }));
      await namespace.getByName("one").run();
    }
    await host.close().catch((error) => expect(error.message).toContain("The key-value store of object"));
    expect(backend.log.filter((one) => one === "close").length).toBe(2);
    expect(backend.log.at(-1)).toBe("close");
  });

  test("a host that could not be opened leaves nothing behind", async () => {
    const backend = new Watched();
    const before = globalThis.setTimeout;
    backend.due = async function* () {
      yield* [];
      throw new Error("no alarms");
    };
    await expect(open(backend)).rejects.toThrow("no alarms");
    expect(globalThis.setTimeout).toBe(before);
  });
});

test("what legacy objects do not have: facets, a second kind for a class, a folder without a backend", async () => {
  const { event } = await open();
  const facet = event((_storage, ctx) => ctx.facets.get("f", () => ({ class: Legacy as never })));
  await expect(facet).rejects.toThrow("have no facets");
  const two = { A: { className: "Legacy", storage: "legacy-kv" }, B: { className: "Legacy" } } as const;
  await expect(openHost({ worker: { Legacy }, durableObjects: two })).rejects.toMatchObject({ code: "HOLDFAST_USAGE" });
  const inFolder = openHost({ worker: { Legacy }, dir: "/nowhere", durableObjects: { A: two.A } });
  await expect(inFolder).rejects.toMatchObject({ code: "HOLDFAST_NEEDS_STORE" });
});

/** An operation and the turn it is in. */
const operation = fc.record({
  kind: fc.constantFrom("put", "put", "put", "delete", "get", "list", "deleteAll", "transaction", "rolledBack", "nextEvent"),
  key: fc.constantFrom("a", "b", "ä", "c"),
  value: fc.integer({ min: 0, max: 3 }),
  awaited: fc.boolean(),
});

const inOrder = (model: ReadonlyMap<string, number>) =>
  new Map([...model].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));

test("random operations give what a map gives, and leave it in the store", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), async (operations) => {
      const backend = new Watched();
      backend.before = () => new Promise((resolve) => setImmediate(resolve));
      const { event, host } = await open(backend);
      const model = new Map<string, number>();
      let from = 0;
      while (from < operations.length) {
        const end = operations.findIndex(({ kind }, i) => i > from && kind === "nextEvent");
        const steps = operations.slice(from, end < 0 ? undefined : end);
        from = end < 0 ? operations.length : end;
        await event(async (storage) => {
          const checks: Promise<void>[] = [];
          for (const { kind, key, value, awaited } of steps) {
            let found: Promise<unknown> = Promise.resolve();
            let expected: unknown;
            switch (kind) {
              case "put":
                found = storage.put(key, value);
                model.set(key, value);
                break;
              case "delete":
                expected = model.delete(key);
                found = storage.delete(key);
                break;
              case "get":
                expected = model.get(key);
                found = storage.get(key);
                break;
              case "list":
                expected = inOrder(model);
                found = storage.list();
                break;
              case "deleteAll":
                found = storage.deleteAll();
                model.clear();
                break;
              case "transaction":
              case "rolledBack": {
                await Promise.all(checks.splice(0));
                expected = inOrder(model);
                const isKept = kind === "transaction";
                found = storage.transaction(async (txn) => {
                  const before = await txn.list();
                  await txn.put(key, value);
                  if (!isKept) txn.rollback();
                  return before;
                });
                if (isKept) model.set(key, value);
                await found;
              }
            }
            const checked = found.then((one) => expect(one).toEqual(expected));
            if (awaited) await checked;
            else checks.push(checked);
          }
          await Promise.all(checks);
        });
      }
      await host.close();
      const { event: again } = await open(backend);
      expect(await again((storage) => storage.list())).toEqual(inOrder(model));
    }),
    { numRuns: Number(process.env["RUNS"] ?? 150), ...(process.env["SEED"] && { seed: Number(process.env["SEED"]) }) },
  );
});
