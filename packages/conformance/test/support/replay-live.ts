/** Programs of classes that have no recorded result, on the real workerd and here, all at the same time. */
import { DurableObject, RpcTarget } from "cloudflare:workers";
import { readFileSync } from "node:fs";
import { type ClassProgram, prepareRuntimeCase, sameOutcome } from "@holdfast/conformance";
import { runOnWorkerd } from "@holdfast/conformance/oracle";
import { beforeAll, expect, test } from "vitest";
import { told } from "../../oracle/told.mjs";
import type { OpenHost } from "./replay-runtime.js";

interface LiveProgram extends ClassProgram {
  readonly topic: string;
}

const { programs } = JSON.parse(readFileSync(new URL("../../cases/live-programs.json", import.meta.url), "utf8")) as {
  readonly programs: readonly LiveProgram[];
};

/** Programs that differ, each with its line in docs/parity.md. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "a facet with an alarm handler sets an alarm": "facet-alarm-error",
  "hibernating: the object closes first": "websocket-late-error",
  "hibernating: the object closes first, before automatic replies": "websocket-late-error",
  "hibernating: sending and closing after closing": "websocket-late-error",
  "hibernating: event timeout": "websocket-event-timeout",
};

async function here(program: LiveProgram, openHost: OpenHost): Promise<unknown> {
  const { classes, run } = prepareRuntimeCase(program, { DurableObject, RpcTarget });
  const { compatDate, flags } = program;
  const host = await openHost({
    worker: { ...classes },
    durableObjects: { X: { className: "X" } },
    ...(compatDate && { compatibilityDate: compatDate }),
    ...(flags && { compatibilityFlags: flags }),
  });
  try {
    return JSON.parse(JSON.stringify(await told(() => run({ namespace: (host.env as { X: unknown }).X, uniqueKey: "-X" }))));
  } finally {
    await host.close();
  }
}

/** Programs sleep, and a busy machine may wake them in another order: what differs is run again, with nothing beside it. */
async function differs(program: LiveProgram, first: unknown, openHost: OpenHost): Promise<boolean> {
  let outcomes = { ours: await here(program, openHost), theirs: first };
  for (let again = 0; again < 2 && !sameOutcome(outcomes.ours, outcomes.theirs); again++) {
    outcomes = { theirs: (await runOnWorkerd([program]))[0], ours: await here(program, openHost) };
  }
  if (!(program.name in DIFFERENT)) expect(outcomes.ours).toEqual(outcomes.theirs);
  return !sameOutcome(outcomes.ours, outcomes.theirs);
}

export function replayLivePrograms(openHost: OpenHost): void {
  let theirs: unknown[];
  beforeAll(async () => {
    theirs = await runOnWorkerd(programs);
  }, 60_000);

  for (const [i, program] of programs.entries()) {
    test.concurrent(`${program.topic}: ${program.name}`, { timeout: 120_000 }, async () => {
      expect(await differs(program, theirs[i], openHost)).toBe(program.name in DIFFERENT);
    });
  }
}
