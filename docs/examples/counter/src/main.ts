// The Counter class of ../worker/counter.ts, unmodified, in a folder store: it counts, survives a restart, and goes back in time.
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { runInDurableObject } from "@holdfast/testing";
import { type DurableObjectNamespace, type DurableObjectState, type DurableObjectStub, type Host, openHost } from "holdfast";

interface Counter {
  increment(): Promise<number>;
}
interface Bindings {
  COUNTER: DurableObjectNamespace<Counter>;
}

const dir = argv[2] ?? fileURLToPath(new URL("../data", import.meta.url));
const worker = new URL("./worker/counter.js", import.meta.url).href;

const open = (): Promise<Host<Bindings>> =>
  openHost<Bindings>({ worker: () => import(worker), durableObjects: { COUNTER: { className: "Counter" } }, dir });

/** Runs inside the object: there its `ctx.storage` can be used without touching the class. */
const inside = <R>(stub: DurableObjectStub<Counter>, use: (ctx: DurableObjectState) => R | Promise<R>): Promise<R> =>
  runInDurableObject(stub, (_instance, ctx) => use(ctx));

const readCount = (ctx: DurableObjectState): unknown =>
  ctx.storage.sql.exec("SELECT value FROM data WHERE key = 'counter'").one()["value"];

let host = await open();
let counter = host.env.COUNTER.getByName("a");
console.log("increment       ", await counter.increment());
console.log("increment       ", await counter.increment());

await host.close();
host = await open();
counter = host.env.COUNTER.getByName("a");
console.log("after a restart ", await counter.increment());

await inside(counter, async ({ storage }) => {
  storage.kv.put("settings", { theme: "dark", tags: new Set(["a", "b"]) });
  console.log("kv.get          ", storage.kv.get("settings"));
  await storage.put({ "user:1": "Ada", "user:2": "Grace" });
  console.log("get             ", await storage.get("user:1"));
  console.log("list            ", await storage.list({ prefix: "user:" }));
});

const bookmark = await inside(counter, (ctx) => ctx.storage.getCurrentBookmark());
console.log("bookmark        ", bookmark);
console.log("increment       ", await counter.increment());
console.log("increment       ", await counter.increment());

const undo = await inside(counter, (ctx) => ctx.storage.onNextSessionRestoreBookmark(bookmark));
await inside(counter, (ctx) => ctx.abort("restoring")).catch((error: Error) => console.log("abort           ", error.message));

counter = host.env.COUNTER.getByName("a"); // a stub that has seen a reset stays broken; a new one starts the next session
console.log("restored        ", await inside(counter, readCount));

await inside(counter, (ctx) => ctx.storage.onNextSessionRestoreBookmark(undo));
await inside(counter, (ctx) => ctx.abort("undoing")).catch((error: Error) => console.log("abort           ", error.message));

counter = host.env.COUNTER.getByName("a");
console.log("restore undone  ", await inside(counter, readCount));
console.log("increment       ", await counter.increment());
await host.close();
