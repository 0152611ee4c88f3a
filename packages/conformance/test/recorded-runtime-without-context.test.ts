/** The same where the platform has no async context, as in browsers. A file of its own: one context serves a whole process. */
import { setImmediate } from "node:timers";
import { sqliteWasm } from "@holdfast/driver-wasm";
import { Host, ungated } from "@holdfast/host";
import { memoryStore, timelineSource } from "@holdfast/timeline";
import { describe } from "vitest";
import { replayRuntimeCases } from "./support/replay-runtime.js";

const driver = sqliteWasm();

describe("runtime-cases without async context", () =>
  replayRuntimeCases(async (options) => {
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
  }));
