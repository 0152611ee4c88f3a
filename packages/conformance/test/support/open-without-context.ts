/** Opens a host where there is no async context, as in browsers. One context serves a whole process: tests that use this have a file of their own. */
import { setImmediate } from "node:timers";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { Host, ungated } from "@holdfast/host";
import { memoryStore, timelineSource } from "@holdfast/timeline";
import type { OpenHost } from "./replay-runtime.js";

const driver = sqliteWasm();

export const openWithoutContext: OpenHost = async (options) => {
  const store = memoryStore();
  const now = () => Date.now();
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  const host = new Host(options, {
    backend: { kind: "sqlite", driver, timelines: timelineSource({ store, now, random }) },
    now,
    random,
    schedule: (task) => void setImmediate(task),
    setTimer: (task, ms) => {
      const timer = ungated.setTimeout(task, ms);
      return () => ungated.clearTimeout(timer);
    },
    due: (beforeMs, limit) => store.due(beforeMs, limit),
  });
  await host.startAlarms();
  return host;
};
