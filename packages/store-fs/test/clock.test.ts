/** T9: whatever the clock did, a time leads to what was written before anything later that is not in the future, also where only the ends of files are read. Replay with
 * `SEED=n npx vitest run packages/store-fs/test/clock.test.ts`; more with `RUNS=1000`. */
import { PAGE_SIZE, type Position } from "@holdfast/core/contract";
import { timelineSource } from "@holdfast/timeline";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SimulatedDisk } from "./support/simulated-disk.js";
import { storeOn } from "./support/simulated-store.js";

const HOUR = 60 * 60 * 1000;

/** Minutes that the clock goes on, or back, before each commit of each owner of the folder. */
const owners = fc.array(fc.array(fc.integer({ min: -90, max: 90 }), { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 6,
});

test("random clocks", async () => {
  let backwards = 0;
  await fc.assert(
    fc.asyncProperty(owners, fc.boolean(), async (steps, merge) => {
      const disk = new SimulatedDisk();
      const options = { maxJournalBytes: 600, wholeBytes: 0, mergedBytes: merge ? 1 << 20 : 0 };
      let now = 1000 * HOUR;
      const written: Position[] = [];
      for (const minutes of steps) {
        const store = storeOn(disk.fileSystem(), options);
        const source = timelineSource({ store, now: () => now, random: (count) => new Uint8Array(count).fill(1) });
        const timeline = await source.open("a");
        for (const step of minutes) {
          now += step * 60_000;
          await timeline.flushed(
            timeline.append({ pageCount: 1, pages: [{ pageNumber: 1, data: new Uint8Array(PAGE_SIZE).fill(written.length) }] }),
          );
        }
        written.length = 0;
        for await (const { position, kind } of timeline.entries({})) {
          written.push(position);
          if (kind === "clock") backwards += 1;
        }
        for (const ms of new Set(written.flatMap(({ wallMs }) => [wallMs - 1, wallMs, wallMs + 1]))) {
          const end = written.findIndex(({ wallMs }, i) => i > 0 && wallMs > ms && wallMs <= now);
          const before = end < 0 ? written : written.slice(0, end);
          const expected = end < 0 ? before.at(-1) : (before.findLast(({ wallMs }) => wallMs <= ms) ?? before.at(-1));
          expect(await timeline.resolveTime(ms)).toEqual(expected);
        }
        await store.close();
      }
    }),
    { numRuns: Number(process.env["RUNS"] ?? 60), ...(process.env["SEED"] && { seed: Number(process.env["SEED"]) }) },
  );
  expect(backwards).toBeGreaterThan(20);
});
