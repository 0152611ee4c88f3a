/** Random sessions, on the real workerd and here. `SESSIONS=10000 SEED=1 npx vitest run packages/conformance/test/live-session.test.ts` runs more. */
import { DurableObject } from "cloudflare:workers";
import { randomSession, type Session } from "@holdfast/conformance";
import { startWorkerd } from "@holdfast/conformance/oracle";
import { type DurableObjectNamespace, openHost } from "holdfast";
import { expect, test } from "vitest";
import { countMicrotasks } from "../oracle/count-microtasks.mjs";
import { roomClass, runSession } from "../oracle/run-session.mjs";

const FIRST = Number(process.env["SEED"] ?? 1);
const SESSIONS = Number(process.env["SESSIONS"] ?? 400);

interface Bindings {
  readonly ROOM: DurableObjectNamespace;
}

const Base = roomClass(DurableObject, (env: Bindings, object: number) => env.ROOM.getByName(String(object)));

class Room extends Base {
  declare ctx: { readonly storage: unknown };
  microtasks(): Promise<Record<string, number>> {
    return countMicrotasks(this.ctx);
  }
}

async function here(session: Session): Promise<unknown> {
  const host = await openHost<Bindings>({ worker: { Room }, durableObjects: { ROOM: { className: "Room" } } });
  const outcome = await runSession((object) => host.env.ROOM.getByName(String(object)), session);
  await host.close();
  return JSON.parse(JSON.stringify(outcome));
}

test("operations settle after as many microtasks as the platform's", async () => {
  const workerd = await startWorkerd();
  const theirs = await workerd.countMicrotasks();
  await workerd.stop();
  const host = await openHost<{ ROOM: DurableObjectNamespace<Room> }>({
    worker: { Room },
    durableObjects: { ROOM: { className: "Room" } },
  });
  expect(await host.env.ROOM.getByName("microtasks").microtasks()).toEqual(theirs);
  await host.close();
});

test("results, orders, errors and what is stored are the platform's", { timeout: 3_600_000 }, async () => {
  const workerd = await startWorkerd();
  let calls = 0;
  let failed = 0;
  try {
    for (let first = FIRST; first < FIRST + SESSIONS; first += 50) {
      const seeds = Array.from({ length: Math.min(50, FIRST + SESSIONS - first) }, (_, i) => first + i);
      const sessions = seeds.map(randomSession);
      const theirs = await workerd.runSessions(sessions);
      for (const [i, session] of sessions.entries()) {
        const ours = await here(session);
        if (JSON.stringify(ours) !== JSON.stringify(theirs[i])) {
          const told = `SEED=${seeds[i]} SESSIONS=1: ${JSON.stringify(session, undefined, 1)}`;
          expect(ours, told).toEqual(theirs[i]);
        }
        const outcomes = (ours as { outcomes: { error?: unknown }[][] }).outcomes.flat();
        calls += outcomes.length;
        failed += outcomes.filter(({ error }) => error !== undefined).length;
      }
    }
  } finally {
    await workerd.stop();
  }
  console.log(
    `workerd ${workerd.version}: ${SESSIONS} sessions, ${calls} calls (${failed} of them failing) from seed ${FIRST}, all equal`,
  );
  expect(failed).toBeGreaterThan(calls / 50);
});
