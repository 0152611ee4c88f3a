/** commits.ts
 * Durable commits, from a stub call to its reply: a hundred objects at once, and one alone; on the real platform, on holdfast in a folder, and as
 * bare writes and syncs of as many bytes. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Workerd } from "@holdfast/conformance/oracle";
import { runSpeed, speedClass } from "@holdfast/conformance/speed";
import { DurableObject } from "@holdfast/host/cloudflare-workers";
import { type DurableObjectNamespace, folderStore, openHost } from "holdfast";
import { medians, timed } from "./measure.js";

const OBJECTS = 100;
const COMMITS_EACH = 100;
const COMMITS_ALONE = 200;
/** About what a commit of one small value takes in the journal. */
const BYTES = 300;

/** Commits per second, and ratios of one round's; medians of the rounds. */
export type CommitRates = Readonly<
  Record<
    | "workerd"
    | "strict"
    | "relaxed"
    | "bareJournal"
    | "bareInSequence"
    | "ofWorkerd"
    | "ofRelaxed"
    | "ofBareJournal"
    | "ofBareInSequence"
    /** Times the bare append and sync, for one object alone. */
    | "aloneOfBare",
    number
  >
>;

export async function compareCommits(workerd: Workerd, rounds: number): Promise<CommitRates> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-commits-"));
  const hosts = { strict: await host(join(folder, "strict"), "strict"), relaxed: await host(join(folder, "relaxed"), "relaxed") };
  const rates = await medians(async () => {
    const platform = perSecond(await workerd.time("concurrentCommits", COMMITS_EACH));
    const strict = perSecond(await timed(() => hosts.strict.run("concurrentCommits", COMMITS_EACH)));
    const relaxed = perSecond(await timed(() => hosts.relaxed.run("concurrentCommits", COMMITS_EACH)));
    const bareJournal = perSecond(await bareWrites(folder, COMMITS_EACH, OBJECTS * BYTES));
    const bareInSequence = (1000 * COMMITS_ALONE) / (await bareWrites(folder, COMMITS_ALONE, BYTES));
    const alone = await timed(() => hosts.strict.run("commits", COMMITS_ALONE));
    return {
      workerd: platform,
      strict,
      relaxed,
      bareJournal,
      bareInSequence,
      ofWorkerd: strict / platform,
      ofRelaxed: strict / relaxed,
      ofBareJournal: strict / bareJournal,
      ofBareInSequence: strict / bareInSequence,
      aloneOfBare: alone / (await bareWrites(folder, COMMITS_ALONE, BYTES)),
    };
  }, rounds);
  await hosts.strict.close();
  await hosts.relaxed.close();
  await rm(folder, { recursive: true });
  return rates;
}

async function host(dir: string, durability: "strict" | "relaxed") {
  const store = folderStore(dir, { durability });
  const opened = await openHost<{ SPEED: DurableObjectNamespace }>({
    worker: { Speed: speedClass(DurableObject) },
    durableObjects: { SPEED: { className: "Speed" } },
    store,
  });
  const stubs = Array.from({ length: OBJECTS }, (_, i) => opened.env.SPEED.getByName(`speed ${i}`));
  return {
    run: (method: string, count: number) => runSpeed(opened.env.SPEED.getByName("speed"), method, count, stubs),
    close: async () => {
      await opened.close();
      await store.close();
    },
  };
}

/** Milliseconds for so many writes of some bytes to the end of a file, each synced before the next. */
async function bareWrites(folder: string, writes: number, bytes: number): Promise<number> {
  const path = join(folder, "bare");
  const file = await open(path, "w");
  const data = new Uint8Array(bytes).fill(0x5a);
  const time = await timed(async () => {
    for (let i = 0; i < writes; i++) {
      await file.write(data, 0, bytes, i * bytes);
      await file.datasync();
    }
  });
  await file.close();
  await rm(path);
  return time;
}

const perSecond = (ms: number): number => (1000 * OBJECTS * COMMITS_EACH) / ms;
