/** Random work on a store by processes that are killed, and the disk as it may be after a power loss at any operation of it: nothing acknowledged
 * is lost, nothing is there in part, and what the next process finds stays, whatever happens to it. Replay one with `WORKLOADS=1 SEED=n npx vitest run crash`; more with
 * `WORKLOADS=50000`. */
import type { LogStore } from "@holdfast/timeline/contract";
import { expect, test } from "vitest";
import type { Packing } from "../src/grouped-records.js";
import { checksumOf, endOf, LogWriter, recordsOf } from "./support/log-writer.js";
import { mortal } from "./support/mortal.js";
import { DROP_ALL, type Fate, KEEP_ALL, SimulatedDisk } from "./support/simulated-disk.js";
import { packing, storeOn } from "./support/simulated-store.js";

const WORKLOADS = Number(process.env["WORKLOADS"] ?? 1000);
const SEED = Number(process.env["SEED"] ?? 1);
/** States looked at for each cut. */
const FATES_PER_CUT = 2;

type Random = () => number;

/** Mulberry32: numbers from 0 to 1. */
function random(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What was asked of an object, in order, and how many operations the disk had done when it was acknowledged. */
interface Asked {
  readonly change: { readonly add: number } | { readonly copy: readonly number[] } | "delete";
  acknowledgedAt: number;
  /** Which process asked. */
  readonly process: number;
}

class Workload {
  readonly disk: SimulatedDisk = new SimulatedDisk();
  readonly asked = new Map<string, Asked[]>();
  readonly #random: Random;
  readonly #journalBytes: number;
  /** In half of the workloads only the ends of logs are read, however short they are. */
  readonly wholeBytes: number;
  /** In half of them longer records have files of their own. */
  readonly largeBytes: number;
  /** In half of them groups are packed that have more than one small record. */
  readonly packing: Packing;
  /** In half of them files of older owners become part of the next one's. */
  readonly mergedBytes: number;

  constructor(next: Random) {
    this.#random = next;
    this.#journalBytes = next() < 0.5 ? 600 : 4000;
    this.wholeBytes = next() < 0.5 ? 0 : 1 << 20;
    this.largeBytes = next() < 0.5 ? 1000 : 1 << 20;
    this.packing = packing(next() < 0.5 ? 200 : 4096);
    this.mergedBytes = next() < 0.5 ? 0 : 1 << 20;
  }

  get sizes() {
    const { wholeBytes, largeBytes, packing, mergedBytes } = this;
    return { wholeBytes, largeBytes, packing, mergedBytes };
  }

  async run(): Promise<void> {
    const sessions = 1 + Math.floor(this.#random() * 3);
    for (let i = 0; i < sessions; i++) {
      const { fs, dead, kill } = mortal(this.disk, Math.floor(this.#random() * 100));
      const store = storeOn(fs, { maxJournalBytes: this.#journalBytes, ...this.sizes });
      await Promise.race([dead, this.#session(i, store)]);
      kill();
    }
  }

  async #session(process: number, store: LogStore): Promise<void> {
    const writers = new Map<string, LogWriter>();
    const steps = 2 + Math.floor(this.#random() * 5);
    for (let step = 0; step < steps; step++) await this.#step(process, store, writers);
    if (this.#random() < 0.5) await store.close();
  }

  async #step(process: number, store: LogStore, writers: Map<string, LogWriter>): Promise<void> {
    const ids = ["a", "a", "b", ...this.asked.keys()];
    const id = ids[Math.floor(this.#random() * ids.length)] as string;
    const dice = this.#random();
    if (dice < 0.12 && this.asked.has(id)) {
      writers.delete(id);
      const one = this.#ask(process, id, "delete");
      await store.delete(id);
      one.acknowledgedAt = this.disk.operations.length;
    } else if (dice < 0.24) {
      const from = await store.read(id);
      const again = ids[Math.floor(this.#random() * ids.length)] as string; // over one that was deleted, if it was
      const isFree = !writers.has(again) && (await recordsOf(store, again)).length === 0;
      const to = isFree ? again : `fork${this.asked.size}`;
      if (from.head.epoch === 0) return;
      const one = this.#ask(process, to, { copy: await recordsOf(store, id) });
      await store.fork(id, from.head, to);
      one.acknowledgedAt = this.disk.operations.length;
    } else {
      const writer = writers.get(id) ?? new LogWriter(await store.open(id));
      writers.set(id, writer);
      const count = 1 + Math.floor(this.#random() * 3);
      const asked: Asked[] = [];
      for (let i = 0; i < count; i++) {
        const record = writer.append(this.#random() < 0.2 ? 1500 : 20);
        asked.push(this.#ask(process, id, { add: checksumOf(record) }));
      }
      if (this.#random() < 0.8) await writer.flush();
      else return;
      for (const one of asked) one.acknowledgedAt = this.disk.operations.length;
    }
  }

  #ask(process: number, id: string, change: Asked["change"]): Asked {
    const one = { change, acknowledgedAt: Number.POSITIVE_INFINITY, process };
    this.asked.set(id, [...(this.asked.get(id) ?? []), one]);
    return one;
  }
}

/** Whether records are what the first changes of each process made, at least all of its that were acknowledged. */
function isAllowed(records: readonly number[], asked: readonly Asked[], operations: number): boolean {
  let states = new Map<string, readonly number[]>([["", []]]);
  for (const process of new Set(asked.map((one) => one.process))) {
    const changes = asked.filter((one) => one.process === process);
    const must = changes.findLastIndex(({ acknowledgedAt }) => acknowledgedAt <= operations) + 1;
    const after = new Map<string, readonly number[]>();
    for (let state of states.values()) {
      for (let done = 0; done <= changes.length; done++) {
        if (done >= must) after.set(state.join(), state);
        const change = changes[done]?.change;
        if (change) state = changed(state, change);
      }
    }
    states = after;
  }
  return states.has(records.join());
}

function changed(state: readonly number[], change: Asked["change"]): readonly number[] {
  if (change === "delete") return [];
  return "add" in change ? [...state, change.add] : change.copy;
}

function someFate(next: Random): Fate {
  const dice = next();
  if (dice < 0.2) return KEEP_ALL;
  if (dice < 0.4) return DROP_ALL;
  if (dice < 0.7) return { isKept: () => next() < 0.5, isSectorKept: () => true };
  return { isKept: () => next() < 0.7, isSectorKept: () => next() < 0.6 };
}

/** What a process finds on a disk, and finds again after it has written more and the power has failed once more. */
async function examine(disk: SimulatedDisk, workload: Workload, operations: number): Promise<void> {
  const store = storeOn(disk.fileSystem(), workload.sizes);
  const found = new Map<string, number[]>();
  for (const [id, asked] of workload.asked) {
    const records = await recordsOf(store, id);
    expect(isAllowed(records, asked, operations), `object ${id}: ${records.length} records`).toBe(true);
    const writer = new LogWriter(await store.open(id));
    records.push(checksumOf(writer.append()));
    await writer.flush();
    expect(await endOf(writer.log, Math.floor(records.length / 2)), `object ${id}, its end`).toEqual(
      records.slice(Math.floor(records.length / 2)),
    );
    found.set(id, records);
  }
  const again = storeOn(disk.crashed(disk.operations.length, DROP_ALL).fileSystem(), workload.sizes);
  for (const [id, records] of found) expect(await recordsOf(again, id), `object ${id}, once more`).toEqual(records);
}

/** Every fate of the first things that were not synced. */
function everyFate(things: number): Fate[] {
  return Array.from({ length: 2 ** things }, (_, fate) => {
    let asked = 0;
    return { isKept: () => ((fate >> (asked++ % things)) & 1) === 1, isSectorKept: () => true };
  });
}

test("T16: a journal is gone before a newer one is: what the newer one deleted stays deleted", async () => {
  const disk = new SimulatedDisk();
  const store = storeOn(disk.fileSystem(), { maxJournalBytes: 200 });
  const writer = new LogWriter(await store.open("a"));
  writer.append(300);
  await writer.flush();
  await store.fork("a", writer.head, "copy");
  await store.delete("copy");
  const acknowledged = disk.operations.length;
  await store.close();
  for (let operations = acknowledged; operations <= disk.operations.length; operations++) {
    for (const [number, fate] of everyFate(5).entries()) {
      const found = await recordsOf(storeOn(disk.crashed(operations, fate).fileSystem()), "copy");
      expect(found, `cut after ${operations}, fate ${number}`).toEqual([]);
    }
  }
});

test(`${WORKLOADS} workloads, the power lost at every operation of each`, { timeout: 4_000_000 }, async () => {
  let states = 0;
  for (let seed = SEED; seed < SEED + WORKLOADS; seed++) {
    const next = random(seed);
    const workload = new Workload(next);
    await workload.run();
    for (let operations = 0; operations <= workload.disk.operations.length; operations++) {
      for (let i = 0; i < FATES_PER_CUT; i++) {
        const disk = workload.disk.crashed(operations, someFate(next));
        await examine(disk, workload, operations).catch((error) => {
          const replay = `SEED=${seed} WORKLOADS=1 npx vitest run packages/store-fs/test/crash.test.ts`;
          throw new Error(`cut after ${operations} of ${workload.disk.operations.length} operations; replay: ${replay}`, {
            cause: error,
          });
        });
        states += 1;
      }
    }
  }
  console.log(`${WORKLOADS} workloads from seed ${SEED}: ${states} states, 0 lost, 0 partial, 0 wrong`);
});
