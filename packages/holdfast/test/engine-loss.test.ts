/** A trap in the engine takes its instance with it. Objects on it reset, their callers hear of it, and nothing that was acknowledged is lost. */
import { DurableObject } from "cloudflare:workers";
import { type DurableObjectNamespace, type DurableObjectState, openHost, sqliteWasm } from "holdfast";
import { expect, test } from "vitest";

let armed = false;

/** What a trap looks like from JavaScript: an exception of that class that comes out of the instance. */
const driver = sqliteWasm({
  now: () => {
    if (!armed) return Date.now();
    armed = false;
    throw new WebAssembly.RuntimeError("unreachable");
  },
});

class Ledger extends DurableObject {
  declare ctx: DurableObjectState;
  add(value: number): number {
    this.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t(a)");
    this.ctx.storage.sql.exec("INSERT INTO t VALUES (?)", value);
    return value;
  }
  all(): unknown[] {
    return [...this.ctx.storage.sql.exec("SELECT a FROM t ORDER BY a").raw()].flat();
  }
  addAndTrap(value: number): void {
    this.add(value);
    armed = true;
    this.ctx.storage.sql.exec("SELECT datetime('now')");
  }
}

test("objects reset, and open again with what was acknowledged", async () => {
  const host = await openHost<{ LEDGER: DurableObjectNamespace }>({
    driver,
    worker: { Ledger },
    durableObjects: { LEDGER: { className: "Ledger" } },
  });
  const one = host.env.LEDGER.getByName("one") as never as {
    add(v: number): Promise<number>;
    all(): Promise<unknown[]>;
    addAndTrap(v: number): Promise<void>;
  };
  const other = host.env.LEDGER.getByName("other") as never as typeof one;
  await one.add(1);
  await other.add(10);
  await expect(one.addAndTrap(2)).rejects.toThrow(/The SQLite instance stopped in the middle of a call/);
  const eventually = async (stub: () => typeof one) => {
    try {
      return await stub().all();
    } catch {
      return await stub().all(); // the neighbour learns of it with its next call, and is reset too
    }
  };
  expect(await eventually(() => host.env.LEDGER.getByName("one") as never)).toEqual([1]);
  expect(await eventually(() => host.env.LEDGER.getByName("other") as never)).toEqual([10]);
  await (host.env.LEDGER.getByName("one") as never as typeof one).add(3);
  expect(await eventually(() => host.env.LEDGER.getByName("one") as never)).toEqual([1, 3]);
  await host.close();
});
