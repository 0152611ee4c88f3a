import { expect, test } from "vitest";
import type { SqliteStatement } from "../../src/contract/index.js";
import { StatementCache } from "../../src/sql/statement-cache.js";

function recorder() {
  const log: string[] = [];
  const statement = (name: string) =>
    ({ reset: () => log.push(`reset ${name}`), finalize: () => log.push(`finalize ${name}`) }) as unknown as SqliteStatement;
  return { log, statement };
}

test("a released statement is used again, one in use is not", () => {
  const { log, statement } = recorder();
  const cache = new StatementCache();
  const first = cache.add("a", statement("a"), "");
  expect(cache.take("a")).toBeUndefined();
  const second = cache.add("a", statement("a, again"), "");
  cache.release(first);
  cache.release(second);
  expect(cache.take("a")).toBe(first);
  expect(log).toEqual(["reset a", "reset a, again", "finalize a, again"]);
});

test("over 1 MiB of text, the least recently used goes first, and one in use only when it is released", () => {
  const { log, statement } = recorder();
  const cache = new StatementCache();
  const text = (name: string) => name + " ".repeat(400_000);
  const a = cache.add(text("a"), statement("a"), "");
  const b = cache.add(text("b"), statement("b"), "");
  cache.release(b);
  const c = cache.add(text("c"), statement("c"), ""); // a is the oldest, and in use
  expect(log.filter((line) => line.startsWith("finalize"))).toEqual([]);
  cache.release(a);
  expect(log.at(-1)).toBe("finalize a");
  cache.release(c);
  expect(cache.take(text("b"))).toBe(b); // and so is newer than c
  cache.release(b);
  cache.add(text("d"), statement("d"), "");
  expect(log.at(-1)).toBe("finalize c");
  expect(cache.take(text("b"))).toBe(b);
});

test("the order holds over many texts", () => {
  const { log, statement } = recorder();
  const cache = new StatementCache();
  const text = (i: number) => `${i}`.padEnd(100_000);
  for (let i = 0; i < 10; i++) cache.release(cache.add(text(i), statement(`${i}`), ""));
  for (const i of [3, 0, 7]) cache.release(cache.take(text(i)) ?? expect.fail("it should be there"));
  log.length = 0;
  for (let i = 10; i < 20; i++) cache.release(cache.add(text(i), statement(`${i}`), ""));
  expect(log.filter((line) => line.startsWith("finalize")).map((line) => Number(line.split(" ")[1]))).toEqual([
    1, 2, 4, 5, 6, 8, 9, 3, 0, 7,
  ]);
});
