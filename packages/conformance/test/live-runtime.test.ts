/** Programs of classes that have no recorded result, on the real workerd and here, all at the same time. */
import { DurableObject, RpcTarget } from "cloudflare:workers";
import { readFileSync } from "node:fs";
import { type ClassProgram, prepareRuntimeCase } from "@holdfast/conformance";
import { runOnWorkerd } from "@holdfast/conformance/oracle";
import { openHost } from "holdfast";
import { beforeAll, expect, test } from "vitest";
import { told } from "../oracle/told.mjs";

interface LiveProgram extends ClassProgram {
  readonly topic: string;
}

const { programs } = JSON.parse(readFileSync(new URL("../cases/live-programs.json", import.meta.url), "utf8")) as {
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

let theirs: unknown[];
beforeAll(async () => {
  theirs = await runOnWorkerd(programs);
}, 60_000);

async function here(program: LiveProgram): Promise<unknown> {
  const { classes, run } = prepareRuntimeCase(program, { DurableObject, RpcTarget });
  const { compatDate, flags } = program;
  const host = await openHost<{ X: unknown }>({
    worker: { ...classes },
    durableObjects: { X: { className: "X" } },
    ...(compatDate && { compatibilityDate: compatDate }),
    ...(flags && { compatibilityFlags: flags }),
  });
  try {
    return JSON.parse(JSON.stringify(await told(() => run({ namespace: host.env.X, uniqueKey: "-X" }))));
  } finally {
    await host.close();
  }
}

for (const [i, program] of programs.entries()) {
  const isDifferent = program.name in DIFFERENT;
  test.concurrent(`${program.topic}: ${program.name}`, { timeout: 60_000 }, async () => {
    const ours = await here(program);
    if (isDifferent) expect(ours).not.toEqual(theirs[i]);
    else expect(ours).toEqual(theirs[i]);
  });
}
