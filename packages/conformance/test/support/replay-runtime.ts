/** Recorded behaviour of the runtime around storage, replayed under a clock that the test moves. */

import { DurableObject, RpcTarget } from "cloudflare:workers";
import { readFileSync } from "node:fs";
import { prepareRuntimeCase, type RuntimeCase, sameOutcome } from "@holdfast/conformance";
import type { HostOptions } from "@holdfast/host";
import { afterEach, expect, test, vi } from "vitest";

const file = JSON.parse(readFileSync(new URL("../../cases/runtime-cases.json", import.meta.url), "utf8")) as {
  readonly cases: readonly RuntimeCase[];
};

/** Cases that differ, each with its line in docs/parity.md. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "boundary: await crypto.subtle.digest()": "gate-ungated",
  "abort is not catchable and freezes all code of the object": "abort-freezes",
};

/** Opens a host, whatever it stands on. */
export type OpenHost = (options: HostOptions) => Promise<{ readonly env: object; close(): Promise<void> }>;

/** Lets everything happen that takes no time, then moves the clock to the next timer, until the promise settles. */
async function underFakeClock<T>(result: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  result.then(end, end);
  const { setImmediate } = globalThis;
  while (!isOver) {
    for (let i = 0; i < 400 && !isOver; i++) await new Promise((resolve) => setImmediate(resolve));
    if (!isOver) vi.advanceTimersToNextTimer();
  }
  return result;
}

async function observed(recorded: RuntimeCase, openHost: OpenHost): Promise<unknown> {
  const module = { DurableObject, RpcTarget };
  const { classes, run } = prepareRuntimeCase(recorded, module);
  const { uniqueKey = "-X" } = (recorded.observed ?? {}) as { readonly uniqueKey?: string }; // ids depend on it
  const className = uniqueKey.slice(1);
  const host = await openHost({
    worker: { [className]: classes["X"] },
    durableObjects: { NS: { className } },
    ...(recorded.compatDate && { compatibilityDate: recorded.compatDate }),
    ...(recorded.flags && { compatibilityFlags: recorded.flags }),
  });
  try {
    return await run({ namespace: (host.env as { NS: unknown }).NS, uniqueKey });
  } finally {
    await host.close();
  }
}

export function replayRuntimeCases(openHost: OpenHost): void {
  afterEach(() => vi.useRealTimers());
  for (const recorded of file.cases) {
    const check = recorded.name in DIFFERENT || recorded.kvClass || recorded.topic === "pitr" ? test.skip : test;
    check(`${recorded.topic}: ${recorded.name}`, { timeout: 30_000 }, async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
      const actual = await underFakeClock(observed(recorded, openHost));
      if (!sameOutcome(actual, recorded.observed)) expect(actual).toEqual(recorded.observed);
    });
  }
}
