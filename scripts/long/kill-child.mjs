// Increments counters for ever, several at once, and says so only after each answer: ACK name value. To be killed.
import { writeSync } from "node:fs";
import { sqljs } from "@holdfast/driver-sqljs";
import { openHost } from "holdfast";
import { OBJECTS, WORKER } from "./kill.mjs";
import { random } from "./random.mjs";

const FLIGHT = 4;
const [dir, seed, engine] = process.argv.slice(2);
const drivers = {
  wasm: () => undefined, // the default
  sqljs: () => sqljs(),
  node: async () => (await import("@holdfast/driver-node")).nodeSqlite({ scratchDir: dir }),
};
const driver = await drivers[engine]();
const pick = random(Number(seed));
const durableObjects = { COUNTER: { className: "Counter" } };
const host = await openHost({ worker: () => import(WORKER), durableObjects, dir, ...(driver && { driver }) });

writeSync(1, `FLIGHT ${FLIGHT}\n`);
await Promise.all(
  Array.from({ length: FLIGHT }, async () => {
    for (;;) {
      const name = OBJECTS[pick(OBJECTS.length)];
      const value = await host.env.COUNTER.getByName(name).increment();
      writeSync(1, `ACK ${name} ${value}\n`);
    }
  }),
);
