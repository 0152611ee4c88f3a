import { expect, test } from "vitest";
import type { SqliteStatement } from "../../src/contract/index.js";
import { StatementCache } from "../../src/sql/statement-cache.js";

function recorder() {
  const log: string[] = [];
  const prepare = (name: string) => () => {
    log.push(`prepare ${name}`);
    const statement = { reset: () => log.push(`reset ${name}`), finalize: () => log.push(`finalize ${name}`) };
    return { statement: statement as unknown as SqliteStatement, tail: "" };
  };
  return { log, prepare };
}

test("a released statement is used again, one in use is not", () => {
  const { log, prepare } = recorder();
  const cache = new StatementCache();
  const first = cache.take("a", prepare("a"));
  const second = cache.take("a", prepare("a, again"));
  expect(first).not.toBe(second);
  if (first) cache.release(first);
  if (second) cache.release(second);
  expect(cache.take("a", prepare("never"))).toBe(first);
  expect(log).toEqual(["prepare a", "prepare a, again", "reset a", "reset a, again", "finalize a, again"]);
});

test("over 1 MiB of text, the least recently used goes first, and one in use only when it is released", () => {
  const { log, prepare } = recorder();
  const cache = new StatementCache();
  const text = (name: string) => name + " ".repeat(400_000);
  const a = cache.take(text("a"), prepare("a"));
  const b = cache.take(text("b"), prepare("b"));
  if (b) cache.release(b);
  cache.take(text("c"), prepare("c"));
  expect(log.filter((line) => line.startsWith("finalize"))).toEqual([]); // a is in use
  if (a) cache.release(a);
  expect(log.at(-1)).toBe("finalize a");
  expect(cache.take(text("b"), prepare("never"))).toBe(b);
});
