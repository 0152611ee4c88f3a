/** Many events at once, resets under load, timers over resets, and what `deleteAll()` has to get rid of. */
import { DurableObject } from "cloudflare:workers";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DurableObjectNamespace, type DurableObjectState, type Host, openHost } from "../src/index.js";

let seen: string[] = [];

class Thing extends DurableObject {
  declare ctx: DurableObjectState;
  async increment(): Promise<void> {
    const { storage } = this.ctx;
    await storage.put("n", ((await storage.get<number>("n")) ?? 0) + 1);
  }
  read(key: string): unknown {
    return this.ctx.storage.kv.get(key);
  }
  async slow(): Promise<never> {
    await new Promise(() => {});
    throw new Error("never");
  }
  abort(): void {
    this.ctx.abort("enough");
  }
  async notAFunction(): Promise<unknown> {
    return this.ctx.blockConcurrencyWhile(5 as never).catch(String);
  }
  async clearedWhileItWaits(): Promise<string[]> {
    const log: string[] = [];
    const timer = setTimeout(() => log.push("fired"), 0);
    await this.ctx.blockConcurrencyWhile(() => new Promise((resolve) => setTimeout(resolve, 30)));
    clearTimeout(timer); // it has fired, and waits behind the section
    await new Promise((resolve) => setTimeout(resolve, 5));
    return log;
  }
  later(): void {
    setTimeout(() => seen.push("timer of a session that is over"), 20);
    setInterval(() => seen.push("interval"), 5);
  }
  async fill(): Promise<void> {
    const { sql, kv } = this.ctx.storage;
    sql.exec(`CREATE TABLE parent(id INTEGER PRIMARY KEY AUTOINCREMENT);
      CREATE TABLE child(pid REFERENCES parent(id)); CREATE TABLE "odd ""name"""(a); CREATE INDEX i ON child(pid);
      CREATE VIEW v AS SELECT * FROM parent; CREATE TRIGGER t INSTEAD OF DELETE ON v BEGIN DELETE FROM parent; END;
      CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1); INSERT INTO f VALUES ('text')`);
    kv.put("k", 1);
    await this.ctx.storage.sync();
  }
  async empty(): Promise<unknown[]> {
    const { storage } = this.ctx;
    const cursor = storage.sql.exec("SELECT id FROM parent UNION ALL SELECT 2 UNION ALL SELECT 3");
    storage.kv.put("lost", true);
    await storage.deleteAll();
    const next = () => cursor.next();
    expect(next).toThrow("SQLite query was canceled because the database was deleted.");
    storage.kv.put("kept", true);
    return this.tables();
  }
  async tables(): Promise<unknown[]> {
    const { storage } = this.ctx;
    const names = [...storage.sql.exec("SELECT name FROM sqlite_master ORDER BY name").raw()].flat();
    return [names, [...(await storage.list())], storage.sql.databaseSize];
  }
  async rollbackInSync(): Promise<unknown> {
    const { storage } = this.ctx;
    return storage.transaction(async (txn) => {
      try {
        storage.transactionSync(() => txn.rollback());
      } catch (error) {
        return String(error);
      }
      return "rolled back";
    });
  }
  async deferred(): Promise<unknown> {
    const { storage } = this.ctx;
    storage.sql.exec("CREATE TABLE p(id PRIMARY KEY); CREATE TABLE c(pid REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)");
    return storage.transaction(async () => void storage.sql.exec("INSERT INTO c VALUES (1)"));
  }
}

type Bindings = { THING: DurableObjectNamespace<Thing> };
let dir: string;
let host: Host<Bindings>;
const open = () => openHost<Bindings>({ dir, worker: { Thing }, durableObjects: { THING: { className: "Thing" } } });
const thing = (name = "one") => host.env.THING.getByName(name);

beforeEach(async () => {
  seen = [];
  dir = mkdtempSync(join(tmpdir(), "holdfast-gates-"));
  host = await open();
});
afterEach(async () => {
  await host.close();
  rmSync(dir, { recursive: true });
});

describe("gates", () => {
  test("a thousand concurrent increments lose none", async () => {
    await Promise.all(Array.from({ length: 1000 }, () => thing().increment()));
    expect(await thing().read("n")).toBe(1000);
  });

  test("a reset with a thousand calls queued: each gets its error, once", async () => {
    const stub = thing();
    let told = 0;
    const calls = Array.from({ length: 1000 }, () => stub.slow().catch((error: Error) => `${++told && error.message}`));
    const aborted = expect(stub.abort()).rejects.toMatchObject({ message: "enough", durableObjectReset: true });
    const outcomes = await Promise.all(calls);
    await aborted;
    expect([told, new Set(outcomes)]).toEqual([1000, new Set(["enough"])]);
    await expect(stub.read("n")).rejects.toThrow("enough");
    await thing().increment();
    expect(await thing().read("n")).toBe(1);
  });

  test("what is no function is refused", async () => {
    const message =
      "TypeError: Failed to execute 'blockConcurrencyWhile' on 'DurableObjectState': parameter 1 is not of type 'function'.";
    expect(await thing().notAFunction()).toBe(message);
  });

  test("a timer can be cleared as long as its turn has not come", async () => {
    expect(await thing().clearedWhileItWaits()).toEqual([]);
  });

  test("with a host open, everybody else's timers are as they were", async () => {
    expect(await promisify(setTimeout)(1, "value")).toBe("value");
    expect(await promisify(setImmediate)("value")).toBe("value");
  });

  test("timers of a session that is over do nothing", async () => {
    await thing().later();
    await thing()
      .abort()
      .catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(seen).toEqual([]);
  });

  test("deleteAll() takes everything with it, and what comes after it stays, over a restart too", async () => {
    await thing().fill();
    const empty = [["_cf_KV", "sqlite_sequence"], [["kept", true]], expect.any(Number)]; // parity: deleteAll-sequence
    expect(await thing().empty()).toEqual(empty);
    await host.close();
    host = await open();
    expect(await thing().tables()).toEqual(empty);
  });

  test("rollback() inside transactionSync() is refused, and breaks nothing", async () => {
    expect(await thing().rollbackInSync()).toBe(
      "Error: Cannot roll back an outer transaction while a nested transaction is still running.",
    );
    await thing().increment();
  });

  test("a deferred constraint that transaction() leaves violated resets the object (parity: transaction-constraint)", async () => {
    await expect(thing().deferred()).rejects.toThrow(/constraints were violated: FOREIGN KEY constraint failed/);
    expect((await thing().tables()).slice(0, 2)).toEqual([["c", "p", "sqlite_autoindex_p_1"], []]);
  });
});
