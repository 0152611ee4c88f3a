/** What keeping a history costs: 20,000 inserts in one turn on a folder, until they are durable, and the same on a timeline that keeps nothing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorageSession } from "@holdfast/core";
import type { SqliteDriver, Timeline, TimelineSource } from "@holdfast/core/contract";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { memoryStore, timelineSource } from "@holdfast/timeline";
import { folderStore } from "holdfast";
import { medians, timed } from "./measure.js";

const INSERTS = 20_000;

export interface HistoryCosts {
  /** Milliseconds. */
  readonly on: number;
  readonly off: number;
  /** Times of what it takes without. */
  readonly ofOff: number;
}

export async function historyCosts(rounds: number): Promise<HistoryCosts> {
  const driver = sqliteWasm();
  const folder = await mkdtemp(join(tmpdir(), "holdfast-history-"));
  const store = folderStore(folder);
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  const kept = timelineSource({ store, now: () => Date.now(), random });
  let objects = 0;
  const costs = await medians(async () => {
    objects += 1;
    const on = await inserts(driver, kept, `object ${objects}`);
    const off = await inserts(driver, keepsNothing, `object ${objects}`);
    return { on, off, ofOff: on / off };
  }, rounds);
  await store.close();
  await rm(folder, { recursive: true });
  return costs;
}

async function inserts(driver: SqliteDriver, timelines: Pick<TimelineSource, "open">, objectId: string): Promise<number> {
  const session = await StorageSession.open({
    backend: { kind: "sqlite", driver, timelines: timelines as TimelineSource },
    objectId,
    now: () => Date.now(),
    schedule: (task) => void setImmediate(task),
    setTimer: (task, ms) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  });
  const { storage } = session;
  storage.sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
  await storage.sync();
  const time = await timed(() => {
    for (let i = 0; i < INSERTS; i++) storage.sql.exec("INSERT INTO t VALUES (?, ?)", i, `value ${i}`);
    return storage.sync();
  });
  await session.close();
  return time;
}

/** Timelines that give positions to commits, and forget them. */
const keepsNothing: Pick<TimelineSource, "open"> = {
  open: async (objectId) => {
    const source = timelineSource({ store: memoryStore(), now: () => 0, random: (count) => new Uint8Array(count) });
    const timeline = await source.open(objectId);
    let { head } = timeline;
    const own: Partial<Record<keyof Timeline, unknown>> = {
      append: () => {
        head = { ...head, sequence: head.sequence + 1, txid: head.txid + 1 };
        return head;
      },
      flushed: async () => {},
    };
    return new Proxy(timeline, {
      get: (_, key) => {
        if (key === "head" || key === "durable") return head;
        const value = own[key as keyof Timeline] ?? Reflect.get(timeline, key);
        return typeof value === "function" ? value.bind(timeline) : value;
      },
    });
  },
};
