/** The queue against a file that records what is done to it, and fails when it is told to. */
import type { FileHandle } from "node:fs/promises";
import { NO_POSITION } from "@holdfast/timeline/contract";
import { describe, expect, test } from "vitest";
import { AppendQueue } from "../src/append-queue.js";

const at = (sequence: number) => ({ ...NO_POSITION, epoch: 1, sequence });
const bytes = (...values: number[]) => Uint8Array.from(values);

function setUp(plan: { failWrite?: number; failSync?: number; shortWrites?: boolean; check?: () => void } = {}) {
  const log: string[] = [];
  const written: number[] = [];
  let [writes, syncs] = [0, 0];
  const handle = {
    write: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
      writes += 1;
      if (writes === plan.failWrite) throw new Error("EIO");
      const count = plan.shortWrites ? 1 : length;
      for (let i = 0; i < count; i++) written[position + i] = buffer[offset + i] as number;
      log.push(`write ${count} at ${position}`);
      return { bytesWritten: count };
    },
    datasync: async () => {
      syncs += 1;
      if (syncs === plan.failSync) throw new Error("EIO");
      log.push("sync");
    },
  } as unknown as FileHandle;
  const queue = new AppendQueue({
    handle,
    path: "x",
    start: { length: 10, position: at(0) },
    check: () => {
      log.push("check");
      plan.check?.();
    },
    onFailed: (length) => log.push(`failed at ${length}`),
  });
  return { queue, log, written };
}

describe("AppendQueue", () => {
  test("rules 1, 2: writes, syncs, checks, and only then reports; what comes meanwhile goes together", async () => {
    const { queue, log } = setUp();
    queue.push(bytes(1, 2), at(1));
    const first = queue.flushed(at(1)).then(() => log.push("durable 1"));
    queue.push(bytes(3), at(2));
    queue.push(bytes(4), at(3));
    await queue.flushed(at(3)).then(() => log.push("durable 3"));
    await first;
    expect(log).toEqual(["write 2 at 10", "sync", "check", "durable 1", "write 2 at 12", "sync", "check", "durable 3"]);
    expect(queue.length).toBe(14);
  });

  test("a short write is continued", async () => {
    const { queue, written } = setUp({ shortWrites: true });
    queue.push(bytes(1, 2, 3), at(1));
    await queue.flushed(at(1));
    expect(written.slice(10)).toEqual([1, 2, 3]);
  });

  test.each([
    ["write", { failWrite: 2 }],
    ["sync", { failSync: 2 }],
  ])("rule 3, T16: after a failed %s nothing more is written, and nothing more is reported", async (_what, plan) => {
    const { queue, log } = setUp(plan);
    queue.push(bytes(1), at(1));
    await queue.flushed(at(1));
    queue.push(bytes(2), at(2));
    const waiting = queue.flushed(at(2));
    queue.push(bytes(3), at(3));
    await expect(waiting).rejects.toMatchObject({ code: "HOLDFAST_STORE_FAILED" });
    const before = log.length;
    queue.push(bytes(4), at(4));
    await expect(queue.flushed(at(4))).rejects.toMatchObject({ code: "HOLDFAST_STORE_FAILED" });
    await expect(queue.flushed(at(1))).rejects.toMatchObject({ code: "HOLDFAST_STORE_FAILED" });
    await queue.idle();
    expect(log.length).toBe(before);
    expect(log.at(-1)).toBe("failed at 11");
    expect(queue.length).toBe(11);
  });

  test("rule 2, T18: a writer that is no longer the newest reports nothing, although the bytes are on the disk", async () => {
    const { queue, log } = setUp({
      check: () => {
        throw new Error("fenced");
      },
    });
    queue.push(bytes(1), at(1));
    await expect(queue.flushed(at(1))).rejects.toThrow("fenced");
    expect(log).toEqual(["write 1 at 10", "sync", "check"]);
    expect(queue.length).toBe(10);
  });
});
