// Increments counters for ever, several at once, and says so only after each answer: ACK name value. To be killed.
import { writeSync } from "node:fs";
import { openHost } from "holdfast";
import { OBJECTS, WORKER } from "./kill.mjs";
import { random } from "./random.mjs";

const FLIGHT = 4;
const [dir, seed] = process.argv.slice(2);
const pick = random(Number(seed));
const host = await openHost({ worker: () => import(WORKER), durableObjects: { COUNTER: { className: "Counter" } }, dir });

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
