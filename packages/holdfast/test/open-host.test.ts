import { DurableObject, env } from "cloudflare:workers";
import { runInDurableObject } from "@holdfast/testing";
import type { Log, LogStore } from "@holdfast/timeline/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DurableObjectNamespace, type DurableObjectState, type Host, memoryStore, openHost } from "../src/index.js";

interface Bindings {
  A: DurableObjectNamespace<Everything>;
  PLAIN: DurableObjectNamespace<{ x(): Promise<number> }>;
  FAILS: DurableObjectNamespace<{ x(): Promise<number> }>;
  greeting: string;
}

class Everything extends DurableObject<Bindings> {
  declare ctx: DurableObjectState;
  own = () => 1;
  importedGreeting(): unknown {
    return [env["greeting"], "A" in env, Object.keys(env).sort()];
  }
  log: string[] = [];

  async add(): Promise<number> {
    const n = ((await this.ctx.storage.get<number>("n")) ?? 0) + 1;
    await this.ctx.storage.put("n", n);
    return n;
  }
  echo<T>(...values: T[]): T[] {
    return values;
  }
  get greeting(): string {
    return this.env.greeting;
  }
  fail(): never {
    this.ctx.storage.kv.put("failed", true);
    throw Object.assign(new RangeError("bad"), { extra: 1 });
  }
  async abort(reason?: string): Promise<void> {
    this.ctx.storage.kv.put("aborted", true);
    try {
      this.ctx.abort(reason);
    } finally {
      expect(() => this.ctx.storage.kv.put("late", true)).toThrow(/abort|reset/);
    }
  }
  async note(name: string): Promise<string[]> {
    this.log.push(`${name}1`);
    for (let i = 0; i < 50; i++) await null;
    this.log.push(`${name}2`);
    return this.log;
  }
  async ask(other: string): Promise<number> {
    this.ctx.storage.kv.put("asked", other);
    return this.env.A.getByName(other).add();
  }
  async askLate(other: string): Promise<number> {
    await macrotask(); // not gated: what follows runs outside any turn
    return this.ask(other);
  }
  abortLater(): void {
    setImmediate(() => this.ctx.abort("later"));
  }
  async callAfterAbort(other: string): Promise<void> {
    setImmediate(() => this.ctx.abort("gone"));
    await macrotask();
    await macrotask();
    await this.env.A.getByName(other).add();
  }
  read(key: string): unknown {
    return this.ctx.storage.kv.get(key);
  }
}
const macrotask = () => new Promise((resolve) => setImmediate(resolve));

class Plain {
  x() {
    return 1;
  }
}
class Frozen extends DurableObject {
  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    throw Object.freeze(new RangeError("ice"));
  }
  x() {
    return 1;
  }
}
class Fails extends DurableObject {
  declare ctx: DurableObjectState;
  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    const attempts = (ctx.storage.kv.get<number>("attempts") ?? 0) + 1;
    ctx.storage.kv.put("attempts", attempts);
    throw new TypeError(`attempt ${attempts}`);
  }
  x() {
    return 1;
  }
}

const durableObjects = { A: { className: "Everything" }, PLAIN: { className: "Plain" }, FAILS: { className: "Fails" } };
const worker = { Everything, Plain, Fails, Frozen };
const open = (store: LogStore = memoryStore()) =>
  openHost<Bindings>({ worker, durableObjects, vars: { greeting: "hello" }, store });

let host: Host<Bindings>;
beforeEach(async () => {
  host = await open();
});
afterEach(() => host.close());
const stub = (name = "a") => host.env.A.getByName(name);

describe("calls", () => {
  test("reach the object of the name, in order, each a turn of its own", async () => {
    const a = stub();
    expect(await Promise.all([a.note("x"), a.note("y")])).toEqual([
      ["x1", "x2"],
      ["x1", "x2", "y1", "y2"],
    ]);
    expect(await stub("b").note("z")).toEqual(["z1", "z2"]);
  });

  test("a get-then-put loop loses no update", async () => {
    const a = stub();
    const results = await Promise.all(Array.from({ length: 100 }, () => a.add()));
    expect(results).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  test("copy arguments and results", async () => {
    const list = [new Map([["k", { deep: [1] }]])];
    const [echoed] = (await stub().echo(list)) as (typeof list)[];
    expect(echoed).toEqual(list);
    expect(echoed?.[0]).not.toBe(list[0]);
    await expect(stub().echo(Symbol("s"))).rejects.toMatchObject({ name: "DataCloneError" });
    const [double] = await stub().echo((n: number) => n * 2);
    expect(await (double as unknown as (n: number) => Promise<number>)(21)).toBe(42); // functions go by reference
    expect(await stub().echo(undefined)).toEqual([undefined]);
  });

  test("reach prototype methods and getters, and nothing else (spec/runtime §6.2)", async () => {
    const a = stub() as unknown as Record<string, (() => Promise<unknown>) & PromiseLike<unknown>>;
    expect(await a["greeting"]).toBe("hello");
    await expect(a["greeting"]?.()).rejects.toThrow('"greeting" is not a function.');
    for (const name of ["own", "missing", "ctx", "env"]) {
      const message = `The RPC receiver does not implement the method "${name}".`;
      await expect(a[name]?.()).rejects.toMatchObject({ name: "TypeError", message, remote: true });
    }
    for (const name of ["alarm", "dup"]) {
      const message = `'${name}' is a reserved method and cannot be called over RPC.`;
      await expect(a[name]?.()).rejects.toMatchObject({ name: "TypeError", message, remote: true });
    }
    await expect(host.env.PLAIN.getByName("a").x()).rejects.toThrow(/was not declared with `extends DurableObject`/);
    expect(Object.keys(stub())).toEqual(["id", "name"]);
  });

  test("errors arrive as copies, marked, and what was written before stays", async () => {
    const a = stub();
    await expect(a.fail()).rejects.toMatchObject({ name: "RangeError", message: "bad", extra: 1, remote: true });
    expect(await a.read("failed")).toBe(true);
  });

  test("between objects: the answer comes back as an event of the caller", async () => {
    expect(await stub("a").ask("b")).toBe(1);
    expect(await stub("b").add()).toBe(2);
    expect(await stub("a").read("asked")).toBe("b");
  });

  test("a missing class", async () => {
    const wrong = await openHost({ worker, durableObjects: { X: { className: "Nope" } } });
    const call = wrong.env["X"]?.getByName("a") as unknown as { f(): Promise<void> };
    await expect(call.f()).rejects.toMatchObject({ code: "HOLDFAST_USAGE", message: expect.stringContaining("'Nope'") });
    await wrong.close();
  });
});

describe("a reset", () => {
  test("abort: drops the turn, fails every call, breaks the stub; a new stub starts again", async () => {
    const a = stub();
    await a.add();
    const expected = { message: "because", durableObjectReset: true };
    const calls = [a.abort("because"), a.add()];
    for (const call of calls) await expect(call).rejects.toMatchObject(expected);
    await expect(a.add()).rejects.toMatchObject(expected);
    expect(await stub().read("aborted")).toBeUndefined();
    expect(await stub().read("late")).toBeUndefined();
    expect(await stub().add()).toBe(2);
    await expect(stub("b").abort()).rejects.toThrow("Application called abort() to reset Durable Object.");
  });

  test("abort outside any turn resets without an error that nobody could catch; what runs on reaches nobody", async () => {
    await stub().abortLater();
    await macrotask();
    await macrotask();
    expect(await stub().add()).toBe(1);
    await expect(stub("c").callAfterAbort("d")).rejects.toMatchObject({ message: "gone", durableObjectReset: true });
    for (let i = 0; i < 10; i++) await macrotask();
    expect(await stub("d").read("n")).toBeUndefined();
  });

  test("a caller woken while an object's turn runs is not taken for that object", async () => {
    let wake!: () => void;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const outside = woken.then(() => stub("other").add());
    const aborted = runInDurableObject(stub("e"), (_instance: Everything, ctx) => {
      wake();
      ctx.abort("gone");
    });
    await expect(aborted).rejects.toThrow("gone");
    expect(await outside).toBe(1);
  });

  test("a constructor that throws something odd is a reset like any other", async () => {
    const odd = await openHost({ worker, durableObjects: { X: { className: "Frozen" } } });
    const calls = odd.env["X"]?.getByName("a") as unknown as { x(): Promise<number> };
    await expect(calls.x()).rejects.toMatchObject({ name: "RangeError", message: "ice", durableObjectReset: true });
    await odd.close();
  });

  test("a constructor that throws: its writes are gone, and a new stub tries again", async () => {
    for (let i = 0; i < 2; i++) {
      const failing = host.env.FAILS.getByName("a");
      const calls = [failing.x(), failing.x()];
      for (const call of calls)
        await expect(call).rejects.toMatchObject({ name: "TypeError", message: "attempt 1", durableObjectReset: true });
    }
  });
});

describe("the output gate", () => {
  test("a reply, and a call to another object, wait until what the object wrote is durable", async () => {
    const slow = new SlowStore(memoryStore());
    const gated = await open(slow);
    const ask = gated.env.A.getByName("a");
    await ask.read("nothing"); // started
    await gated.env.A.getByName("b").read("nothing");
    slow.hold(`-Everything/${gated.env.A.idFromName("a")}`);
    const answers: string[] = [];
    const asked = ask.ask("b").then(() => answers.push("ask"));
    const read = ask.read("asked").then((value) => answers.push(`read ${value}`));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toEqual([]); // even a read: it would reveal the write
    expect(await gated.env.A.getByName("b").read("n")).toBeUndefined();
    slow.release();
    await Promise.all([asked, read]);
    expect(answers.sort()).toEqual(["ask", "read b"]);
    await gated.close();
  });

  test("a call to another object waits also when it is made outside any turn", async () => {
    const slow = new SlowStore(memoryStore());
    const gated = await open(slow);
    await gated.env.A.getByName("a").read("nothing");
    await gated.env.A.getByName("b").read("nothing");
    slow.hold(`-Everything/${gated.env.A.idFromName("a")}`);
    const asked = gated.env.A.getByName("a").askLate("b");
    for (let i = 0; i < 20; i++) await macrotask();
    expect(await gated.env.A.getByName("b").read("n")).toBeUndefined();
    slow.release();
    expect(await asked).toBe(1);
    await gated.close();
  });

  test("if the log fails, the caller hears the failure, never the result, and the next session has neither", async () => {
    const slow = new SlowStore(memoryStore());
    const gated = await open(slow);
    const a = gated.env.A.getByName("a");
    expect(await a.add()).toBe(1);
    slow.failWith(new Error("disk on fire"));
    await expect(a.add()).rejects.toThrow("disk on fire");
    await expect(a.add()).rejects.toThrow("disk on fire");
    slow.failWith(undefined);
    expect(await gated.env.A.getByName("a").add()).toBe(2);
    await gated.close();
  });
});

describe("runInDurableObject", () => {
  test("runs inside, without copies, and passes errors through", async () => {
    const thrown = new Error("mine");
    const result = await runInDurableObject(stub(), (instance: Everything, ctx) => ({ instance, id: String(ctx.id) }));
    expect(result.instance).toBeInstanceOf(Everything);
    expect(result.id).toBe(String(stub().id));
    await expect(runInDurableObject(stub(), () => Promise.reject(thrown))).rejects.toBe(thrown);
    await expect(runInDurableObject({}, () => 1)).rejects.toThrow(/parameter 1 is not of type 'DurableObjectStub'/);
    await expect(runInDurableObject(stub(), 1 as unknown as () => void)).rejects.toThrow(/parameter 2 is not of type 'function'/);
  });
});

describe("the host", () => {
  test("closing makes everything durable and ends pending calls; a closed host answers so", async () => {
    const store = memoryStore();
    const first = await open(store);
    const a = first.env.A.getByName("a");
    await a.add();
    await first.idle();
    await first.close();
    await expect(a.add()).rejects.toMatchObject({ code: "HOLDFAST_CLOSED" });
    await expect(first.env.A.getByName("z").add()).rejects.toMatchObject({ code: "HOLDFAST_CLOSED" });
    const second = await open(store);
    expect(await second.env.A.getByName("a").add()).toBe(2);
    await second.close();
  });

  test("namespaces: ids, foreign ids, options", () => {
    const { A, PLAIN } = host.env;
    expect(A.newUniqueId().equals(A.newUniqueId())).toBe(false);
    expect(() => A.get(PLAIN.idFromName("a"))).toThrow("Durable Object ID is not valid for this namespace.");
    expect(() => A.get("x" as never)).toThrow(
      "Failed to execute 'get' on 'DurableObjectNamespace': parameter 1 is not of type 'DurableObjectId'.",
    );
    expect(() => A.get(A.idFromName("a"), { routingMode: "xx" })).toThrow(new RangeError("unknown routingMode: xx"));
    expect(() => A.newUniqueId({ jurisdiction: "eu" })).toThrow("Jurisdiction restrictions are not implemented in workerd.");
    expect(() => (A.idFromName as unknown as () => void)()).toThrow(TypeError);
    expect(A.jurisdiction(null)).toBe(A);
  });

  test("env of cloudflare:workers: in an object its host's, at module scope that of the host that loads the module", async () => {
    const seen: unknown[] = [];
    const load = () => {
      seen.push(env["greeting"], env["nothing"]);
      return worker;
    };
    const other = await openHost<Bindings>({ worker: load, durableObjects, vars: { greeting: "hi" } });
    const [mine, others] = [stub(), other.env.A.getByName("a")];
    const keys = ["A", "FAILS", "PLAIN", "greeting"];
    expect(await Promise.all([mine.importedGreeting(), others.importedGreeting()])).toEqual([
      ["hello", true, keys],
      ["hi", true, keys],
    ]);
    expect(seen).toEqual(["hi", undefined]);
    await other.close();
    expect(env["greeting"]).toBe("hello");
    const third = await openHost<Bindings>({ worker: load, durableObjects, vars: { greeting: "third" } });
    const fourth = await openHost<Bindings>({ worker, durableObjects, vars: { greeting: "fourth" } });
    await third.env.A.getByName("a").read("x"); // loads its worker now
    expect(seen.slice(2)).toEqual(["third", undefined]);
    await third.close();
    await fourth.close();
  });

  test("two bindings to one class are one namespace", async () => {
    type Two = { ONE: DurableObjectNamespace<Everything>; TWO: DurableObjectNamespace<Everything> };
    const both = { ONE: { className: "Everything" }, TWO: { className: "Everything" } };
    const two = await openHost<Two>({ worker, durableObjects: both });
    const counts = [two.env.ONE.getByName("a").add(), two.env.TWO.getByName("a").add(), two.env.ONE.getByName("a").add()];
    expect(await Promise.all(counts)).toEqual([1, 2, 3]);
    expect(two.env.TWO.get(two.env.ONE.idFromName("b")).id.name).toBe("b");
    await two.close();
  });

  test("the base class accepts only what a host made", () => {
    expect(() => new Everything({} as never, {} as never)).toThrow(/constructor parameter 1 is not of type 'DurableObjectState'/);
  });
});

/** A store whose flushes can be held back or made to fail: a port, between the real timeline and the real store. */
class SlowStore implements LogStore {
  readonly #inner: LogStore;
  #held: { id: string; promise: Promise<void>; release: () => void } | undefined;
  #failure: Error | undefined;

  constructor(inner: LogStore) {
    this.#inner = inner;
  }

  hold(id: string): void {
    let release!: () => void;
    const promise = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#held = { id, promise, release };
  }

  release(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  failWith(error: Error | undefined): void {
    this.#failure = error;
  }

  async open(id: string): Promise<Log> {
    const log = await this.#inner.open(id);
    let failed: Error | undefined;
    return new Proxy(log, {
      get: (target, key: keyof Log) => {
        if (key === "append") {
          return (...args: Parameters<Log["append"]>) => {
            failed ??= this.#failure;
            if (!failed) target.append(...args);
          };
        }
        if (key === "flushed") {
          return async (upTo: Parameters<Log["flushed"]>[0]) => {
            if (failed) throw failed;
            if (this.#held?.id === id) await this.#held.promise;
            await target.flushed(upTo);
          };
        }
        const value = target[key];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  read = (id: string) => this.#inner.read(id);
  fork = (...args: Parameters<LogStore["fork"]>) => this.#inner.fork(...args);
  due = (...args: Parameters<LogStore["due"]>) => this.#inner.due(...args);
  list = (prefix?: string) => this.#inner.list(prefix);
  delete = (id: string) => this.#inner.delete(id);
  close = () => this.#inner.close();
}
