import { openStorage } from "holdfast";

const o = await openStorage({ id: "x" });
const { kv } = o.storage;
const s = o.storage;
const w = process.argv[2];
if (w === "sync")
  for (let r = 0; r < 8; r++) {
    const t = performance.now();
    for (let i = 0; i < 20000; i++) kv.put("n", (kv.get("n") ?? 0) + 1);
    console.log(((performance.now() - t) / 20).toFixed(2), "us");
    await s.sync();
  }
if (w === "async")
  for (let r = 0; r < 8; r++) {
    const t = performance.now();
    for (let i = 0; i < 20000; i++) await s.put("n", ((await s.get("n")) ?? 0) + 1);
    console.log(((performance.now() - t) / 20).toFixed(2), "us");
    await s.sync();
  }
if (w === "list") {
  for (let i = 0; i < 10000; i++) kv.put(`entry ${String(i).padStart(5, "0")}`, i);
  await s.sync();
  for (let r = 0; r < 20; r++) {
    const t = performance.now();
    await s.list({ prefix: "entry " });
    console.log((performance.now() - t).toFixed(2), "ms");
  }
}
