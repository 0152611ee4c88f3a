/** How many microtasks pass before whoever awaits an operation of `ctx.storage` goes on: other code of the same turn can see it. Plain JavaScript,
 * because the real workerd runs this very file. */
export async function countMicrotasks({ storage }) {
  const out = {};
  const count = async (name, op) => {
    let n = 0,
      over = false;
    const p = op();
    p.then(
      () => {
        over = true;
      },
      () => {
        over = true;
      },
    );
    while (!over && n < 50) {
      await null;
      n++;
    }
    out[name] = n;
    await p.catch(() => {});
  };
  await count("resolved", () => Promise.resolve());
  await count("get", () => storage.get("a"));
  await count("get many", () => storage.get(["a", "b"]));
  await count("put", () => storage.put("a", 1));
  await count("put all", () => storage.put({ a: 1, b: 2 }));
  await count("get there", () => storage.get("a"));
  await count("get many there", () => storage.get(["a", "b"]));
  await count("delete", () => storage.delete("a"));
  await count("delete many", () => storage.delete(["a", "b"]));
  await count("list", () => storage.list());
  await count("getAlarm", () => storage.getAlarm());
  await count("setAlarm", () => storage.setAlarm(4102444800000));
  await count("getAlarm there", () => storage.getAlarm());
  await count("deleteAlarm", () => storage.deleteAlarm());
  await count("get rejected", () => storage.get());
  await count("put rejected", () => storage.put("a", undefined));
  await count("setAlarm rejected", () => storage.setAlarm(0));
  await count("deleteAll", () => storage.deleteAll());
  return storage.transaction(async (txn) => {
    await count("txn.get", () => txn.get("a"));
    await count("txn.put", () => txn.put("a", 1));
    await count("txn.delete", () => txn.delete("a"));
    await count("txn.list", () => txn.list());
    await count("txn.getAlarm", () => txn.getAlarm());
    await count("txn.setAlarm", () => txn.setAlarm(4102444800000));
    await count("txn.deleteAlarm", () => txn.deleteAlarm());
    return out;
  });
}
