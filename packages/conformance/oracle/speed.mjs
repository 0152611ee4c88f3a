/** What is timed inside an object: the same file runs on the real workerd and here. */
export const speedClass = (Base) =>
  class Speed extends Base {
    nothing() {}

    /** `count` inserts of one row in one turn. */
    inserts(count) {
      const { sql } = this.ctx.storage;
      sql.exec("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, v TEXT)");
      sql.exec("DELETE FROM t");
      for (let i = 0; i < count; i++) sql.exec("INSERT INTO t VALUES (?, ?)", i, `value ${i}`);
    }

    /** `count` rows by primary key, one query each. */
    selects(count) {
      const { sql } = this.ctx.storage;
      for (let i = 0; i < count; i++) sql.exec("SELECT v FROM t WHERE id = ?", i).one();
    }

    /** One commit. */
    commit() {
      const { kv } = this.ctx.storage;
      kv.put("n", (kv.get("n") ?? 0) + 1);
    }

    /** `count` times a value read and written, awaited. */
    async pairs(count) {
      const { storage } = this.ctx;
      for (let i = 0; i < count; i++) await storage.put("n", ((await storage.get("n")) ?? 0) + 1);
    }

    /** The same without promises. */
    syncPairs(count) {
      const { kv } = this.ctx.storage;
      for (let i = 0; i < count; i++) kv.put("n", (kv.get("n") ?? 0) + 1);
    }

    async fill() {
      const { storage } = this.ctx;
      for (let i = 0; i < 10_000; i++) storage.kv.put(`entry ${String(i).padStart(5, "0")}`, i);
    }

    /** `count` lists of 10,000 small entries. */
    async lists(count) {
      let entries = 0;
      for (let i = 0; i < count; i++) entries += (await this.ctx.storage.list({ prefix: "entry " })).size;
      if (entries !== count * 10_000) throw new Error(`${entries} entries`);
    }
  };

/** Runs one of them; `calls` is `count` calls one after the other, `commits` as many commits of one object, `concurrentCommits` of as many
 * objects each. @param {any} stub @param {any[]} others */
export async function runSpeed(stub, method, count, others = []) {
  if (method === "calls") for (let i = 0; i < count; i++) await stub.nothing();
  else if (method === "commits") for (let i = 0; i < count; i++) await stub.commit();
  else if (method === "concurrentCommits") {
    const commits = async (/** @type {any} */ other) => {
      for (let i = 0; i < count; i++) await other.commit();
    };
    await Promise.all(others.map(commits));
  } else await stub[method](count);
}
