/** Runs what a random session does: calls to a few objects, and inside them operations of every kind. Plain JavaScript, because the real workerd
 * runs this very file. What each operation gave, and in which order an object's events ran, is in the result. */

/** Calls in rounds: those of one round at the same time, one round after the other.
 * @param {(object: number) => any} stub a new stub of an object
 * @returns {Promise<unknown>} what every call gave, and what the objects hold at the end */
export async function runSession(stub, { objects, rounds }) {
  const outcomes = [];
  for (const calls of rounds) {
    const round = calls.map(({ object, tag, ops }) => told(() => stub(object).run(tag, ops)));
    outcomes.push(await Promise.all(round));
  }
  const ends = [];
  for (let object = 0; object < objects; object++) ends.push(await told(() => stub(object).state()));
  return { outcomes, ends };
}

async function told(call) {
  try {
    return { ok: await call() };
  } catch (error) {
    const { name, message, durableObjectReset, remote, overloaded } = error;
    return { error: { name, message, durableObjectReset, remote, overloaded } };
  }
}

/** The class of the objects, over the base class of wherever it runs. `other(object)` is a stub of another object. */
export const roomClass = (Base, other) =>
  class Room extends Base {
    log = [];

    constructor(ctx, env) {
      super(ctx, env);
      ctx.storage.sql.exec(
        "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, v); CREATE TABLE IF NOT EXISTS p(id INTEGER PRIMARY KEY); " +
          "CREATE TABLE IF NOT EXISTS c(pid REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)",
      );
    }

    async run(tag, ops) {
      return this.all(tag, ops, undefined);
    }

    async state() {
      const { storage } = this.ctx;
      const rows = [...storage.sql.exec("SELECT id, v FROM t ORDER BY id").raw()];
      return { log: this.log, pairs: [...(await storage.list())], rows, alarm: (await storage.getAlarm()) !== null };
    }

    alarm() {}

    async all(tag, ops, txn) {
      const results = [];
      const later = [];
      for (const [i, op] of ops.entries()) {
        this.log.push(`${tag}.${i}`);
        if (op.throws) throw new Error(op.throws);
        const result = this.one(`${tag}.${i}`, op, txn).then(
          (value) => {
            results[i] = value === undefined ? "undefined" : value instanceof Map ? [...value] : value;
          },
          (error) => {
            results[i] = { error: `${error.name}: ${error.message}` };
          },
        );
        if (op.later) later.push(result);
        else await result;
      }
      await Promise.all(later);
      this.log.push(`${tag} ends`);
      return results;
    }

    async one(tag, { op, key, value, options, ops, object, limit }, txn) {
      const { storage } = this.ctx;
      const { sql, kv } = storage;
      const through = txn ?? storage;
      switch (op) {
        case "get":
          return through.get(key);
        case "put":
          return through.put(key, value, options);
        case "putAll":
          return through.put(value);
        case "delete":
          return through.delete(key);
        case "list":
          return through.list(options);
        case "increment": {
          const before = (await through.get("n")) ?? 0;
          await null;
          return through.put("n", before + 1);
        }
        case "kv.get":
          return kv.get(key);
        case "kv.put":
          return kv.put(key, value);
        case "kv.delete":
          return kv.delete(key);
        case "kv.list":
          return [...kv.list(options)];
        case "insert":
          return sql.exec("INSERT INTO t(v) VALUES (?) RETURNING id", value).one().id;
        case "select":
          return [...sql.exec("SELECT id, v FROM t ORDER BY id LIMIT ?", limit).raw()];
        case "remove":
          return sql.exec("DELETE FROM t WHERE id % 3 = ?", limit % 3).rowsWritten;
        case "conflict":
          return sql.exec("INSERT INTO t(id, v) VALUES (1, 'a'), (1, 'b')").rowsWritten;
        case "orphan":
          sql.exec("INSERT INTO c VALUES (99)");
          return undefined;
        case "adopt":
          sql.exec("INSERT OR IGNORE INTO p VALUES (99)");
          return undefined;
        case "setAlarm":
          return through.setAlarm(4102444800000 + limit);
        case "getAlarm":
          return through.getAlarm();
        case "deleteAlarm":
          return through.deleteAlarm();
        case "deleteAll":
          return storage.deleteAll();
        case "sync":
          return storage.sync();
        case "microtask":
          return null;
        case "sleep":
          return new Promise((resolve) => setTimeout(resolve, 0));
        case "transactionSync":
          return storage.transactionSync(() => {
            for (const inner of ops) {
              if (inner.throws) throw new Error(inner.throws);
              if (inner.op === "kv.put") kv.put(inner.key, inner.value);
              else if (inner.op === "insert") sql.exec("INSERT INTO t(v) VALUES (?)", inner.value);
              else kv.delete(inner.key);
            }
            return ops.length;
          });
        case "transaction":
          return storage.transaction((inner) => this.all(tag, ops, inner));
        case "rollback":
          return txn ? txn.rollback() : "no transaction";
        case "section":
          return this.ctx.blockConcurrencyWhile(() => this.all(tag, ops, undefined));
        case "call":
          return other(this.env, object).run(tag, ops);
        case "abort":
          this.ctx.abort(value);
          return undefined;
        default:
          throw new Error(`unknown operation ${op}`);
      }
    }
  };
