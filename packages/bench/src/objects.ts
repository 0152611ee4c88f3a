/** objects.ts
 * What objects do all day, on the real platform and here, the same class on both: calls, key-value storage with and without promises, lists. */

import type { Workerd } from "@holdfast/conformance/oracle";
import { runSpeed, speedClass } from "@holdfast/conformance/speed";
import { DurableObject } from "@holdfast/host/cloudflare-workers";
import { type DurableObjectNamespace, openHost } from "holdfast";
import { medians, timed } from "./measure.js";

/** How often each is done in one round. */
export const WORK = { calls: 5000, pairs: 20_000, syncPairs: 20_000, lists: 20 } as const;

export type Work = keyof typeof WORK;

export interface ObjectTimes {
  /** Milliseconds for all. */
  readonly workerd: number;
  readonly holdfast: number;
  /** Times as fast as workerd; the median of the rounds' ratios. */
  readonly faster: number;
}

export async function compareObjects(workerd: Workerd, rounds: number): Promise<Record<Work, ObjectTimes>> {
  const host = await openHost<{ SPEED: DurableObjectNamespace }>({
    worker: { Speed: speedClass(DurableObject) },
    durableObjects: { SPEED: { className: "Speed" } },
  });
  const stub = host.env.SPEED.getByName("speed");
  await runSpeed(stub, "fill", 1);
  await workerd.time("fill", 1);
  const times: Partial<Record<Work, ObjectTimes>> = {};
  for (const [what, count] of Object.entries(WORK) as [Work, number][]) {
    times[what] = await medians(async () => {
      const platform = (await workerd.time(what, count)) - (await workerd.time(what, 0));
      const ours = await timed(() => runSpeed(stub, what, count));
      return { workerd: platform, holdfast: ours, faster: platform / ours };
    }, rounds);
  }
  await host.close();
  return times as Record<Work, ObjectTimes>;
}
