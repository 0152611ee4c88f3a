/** The commands, run in this process on a folder that holds the history of a few objects. */
import { DurableObject } from "cloudflare:workers";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DurableObjectNamespace, type DurableObjectState, openHost, openStorage } from "holdfast";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../src/index.js";

class Notes extends DurableObject {
  declare ctx: DurableObjectState;

  add(...texts: string[]): void {
    const { sql, kv } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT, data BLOB)");
    for (const text of texts) sql.exec("INSERT INTO notes (text, data) VALUES (?, ?)", text, new Uint8Array([1, 255]));
    kv.put("last", texts.at(-1));
  }

  remove(text: string): void {
    this.ctx.storage.sql.exec("DELETE FROM notes WHERE text = ?", text);
  }

  wakeAt(ms: number): Promise<void> {
    return this.ctx.storage.setAlarm(ms);
  }

  alarm(): void {}
}

let dir: string;
/** When each commit was made. */
let times: number[];
let now = Date.UTC(2026, 0, 1);
const clock = { now: () => now };
const ALARM = Date.UTC(2100, 0, 1);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
  const host = await openHost<{ NOTES: DurableObjectNamespace<Notes> }>({
    dir,
    clock,
    worker: { Notes },
    durableObjects: { NOTES: { className: "Notes" } },
  });
  times = [];
  const notes = host.env.NOTES.getByName("a");
  for (const step of [
    () => notes.add("one", "two"),
    () => notes.add("three"),
    () => notes.remove("one"),
    () => notes.wakeAt(ALARM),
  ]) {
    now += 60_000;
    await step();
    times.push(now);
  }
  await host.env.NOTES.getByName("b").add("other");
  await host.close();
});

afterAll(() => rm(dir, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function holdfast(...args: string[]): Promise<Ran> {
  return ran(["--dir", dir, ...args]);
}

async function ran(args: readonly string[]): Promise<Ran> {
  const printed: Record<"out" | "error", string[]> = { out: [], error: [] };
  const code = await run(args, {
    out: (text) => void printed.out.push(text),
    error: (text) => void printed.error.push(text),
    isTerminal: false,
  });
  return { code, out: printed.out.join(""), error: printed.error.join("") };
}

/** What a command gives to programs; it must succeed. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, out, error } = await holdfast("--json", ...args);
  expect([code, error]).toEqual([0, ""]);
  return JSON.parse(out) as T;
}

/** The object with the notes. */
async function notes(): Promise<string> {
  const objects = await json<{ object: string; alarm: string }[]>("ls", "--long");
  return (objects.find(({ alarm }) => alarm !== "") as { object: string }).object.slice(-64);
}

const at = (index: number): string => String(times[index]);
const texts = (rows: { text: string }[]): string[] => rows.map(({ text }) => text);

describe("looking", () => {
  test("ls", async () => {
    const objects = await json<{ object: string; commits: number; changed: string; alarm: string }[]>("ls", "--long");
    expect(objects.map(({ object }) => /^-Notes\/[0-9a-f]{64}$/.test(object))).toEqual([true, true]);
    expect(objects.find(({ commits }) => commits === 4)).toMatchObject({
      changed: new Date(times[3] as number).toISOString(),
      alarm: new Date(ALARM).toISOString(),
    });
    const { out } = await holdfast("ls");
    expect(out.split("\n")).toEqual(["object", ...objects.map(({ object }) => object), ""]);
  });

  test("log, newest first", async () => {
    const log = await json<{ time: string; kind: string; bookmark: string; alarm?: string }[]>("log", await notes());
    expect(log.map(({ kind }) => kind)).toEqual(["commit", "commit", "commit", "commit", "open"]);
    expect(log.map(({ time }) => Date.parse(time)).slice(0, 4)).toEqual([...times].reverse());
    expect(log[0]).toMatchObject({ alarm: new Date(ALARM).toISOString(), bookmark: expect.stringMatching(/^[0-9a-f-]{59}$/) });
    const short = await holdfast("log", await notes(), "--limit", "2");
    expect(short.out.trimEnd().split("\n").length).toBe(3);
    expect(short.error).toMatch("3 older");
  });

  test("bookmark, query and diff at moments: times, dates and bookmarks", async () => {
    const id = await notes();
    const { bookmark } = await json<{ bookmark: string }>("bookmark", id, "--at", at(0));
    const date = new Date(times[0] as number).toISOString();
    for (const moment of [bookmark, at(0), date, String((times[0] as number) + 59_999)]) {
      const rows = await json<{ text: string }[]>("query", id, "SELECT text FROM notes", "--at", moment);
      expect(texts(rows)).toEqual(["one", "two"]);
    }
    expect(texts(await json("query", id, "SELECT text FROM notes ORDER BY id"))).toEqual(["two", "three"]);
    const tables = await json<{ table: string; before: number; after: number }[]>("diff", id, at(0), at(1));
    expect(tables).toContainEqual({ table: "notes", before: 2, after: 3 });
    expect(tables).toContainEqual({ table: "_cf_KV", before: 1, after: 1 });
    const rows = await json<object[]>("diff", id, at(1), "--rows");
    expect(rows).toContainEqual({ table: "notes", "": "-", id: 1, text: "one", data: { hex: "01ff" } });
    const { out } = await holdfast("diff", id, bookmark, at(1), "--rows");
    expect(out).toMatch(/^notes +\+ +3 +three +x'01ff'/m);
  });

  test("export: an ordinary SQLite file, never over another", async () => {
    const file = join(dir, "copy.sqlite");
    const { bytes } = await json<{ bytes: number }>("export", await notes(), file, "--at", at(0));
    const content = await readFile(file);
    expect([content.length, content.subarray(0, 15).toString()]).toEqual([bytes, "SQLite format 3"]);
    expect(await holdfast("export", await notes(), file)).toMatchObject({
      code: 1,
      error: expect.stringMatching("is there already"),
    });
    expect(await readFile(file)).toEqual(content);
    await rm(file);
  });

  test("stats and check", async () => {
    const stats = await json<{ objects: number; logs: number; all: number }>("stats");
    expect(stats.objects).toBe(2);
    expect(stats.all).toBeGreaterThanOrEqual(stats.logs);
    const large = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
    const opened = await openStorage({ dir: large, id: "large" });
    opened.storage.sql.exec("CREATE TABLE t AS SELECT randomblob(1500000) AS data"); // a record with a file of its own
    await opened.close();
    const lines: string[] = [];
    expect(
      await run(["--dir", large, "--json", "stats"], { out: (line) => lines.push(line), error: () => {}, isTerminal: false }),
    ).toBe(0);
    expect(JSON.parse(lines.join("")).logs).toBeGreaterThan(1_500_000);
    await rm(large, { recursive: true });
    expect((await json<{ result: string }[]>("check")).map(({ result }) => result)).toEqual(["ok", "ok"]);
  });
});

describe("going back", () => {
  test("restore, undo, and undo once more", async () => {
    const id = await notes();
    const present = async () => texts(await json("query", id, "SELECT text FROM notes ORDER BY id"));
    await json("restore", id, at(0));
    expect(await present()).toEqual(["one", "two"]);
    await json("undo", id);
    expect(await present()).toEqual(["two", "three"]);
    await json("undo", id);
    expect(await present()).toEqual(["one", "two"]);
    await json("undo", id);
    const restores = (await json<{ kind: string }[]>("log", id)).filter(({ kind }) => kind === "restore");
    expect(restores.length).toBe(4);
  });

  test("what was never restored cannot be undone, and no object goes to another one's bookmark", async () => {
    const objects = await json<{ object: string; commits: number }[]>("ls", "--long");
    const { object } = objects.find(({ commits }) => commits === 1) as { object: string };
    expect(await holdfast("undo", object.slice(-64))).toMatchObject({ code: 1, error: expect.stringMatching("never restored") });
    const { bookmark } = await json<{ bookmark: string }>("bookmark", await notes());
    expect(await holdfast("restore", object.slice(-64), bookmark)).toMatchObject({
      code: 1,
      error: `holdfast: Bookmark ${bookmark} is not valid for this Durable Object.\n`,
    });
    expect((await holdfast("undo", object.slice(-64))).error).toMatch("never restored");
  });
});

describe("wrong input", () => {
  test.each([
    [["nonsense"], 2, "unknown command"],
    [["query", "x"], 2, "missing required argument"],
    [["bookmark", "-"], 1, "could be 2 objects"],
    [["bookmark", "zz"], 1, "There is no object 'zz'"],
    [["bookmark", "NOTES", "--at", "tomorrow"], 2, "neither a bookmark nor a time"],
    [["log", "NOTES", "--limit", "many"], 2, "is not a number"],
    [["query", "NOTES", "DELETE FROM notes"], 1, "one statement that reads"],
    [["query", "NOTES", "SELEC"], 1, "syntax error"],
    [["query", "NOTES", "SELECT * FROM _cf_KV"], 1, "access to _cf_KV"],
  ])("%j", async (args, code, text) => {
    const id = await notes();
    const result = await holdfast(...args.map((one) => (one === "NOTES" ? id : one)));
    expect(result).toMatchObject({ code, out: "", error: expect.stringMatching(text) });
  });

  test("without a folder, and in one that is not there", async () => {
    expect((await ran(["ls"])).code).toBe(2);
    expect(await ran(["--dir", join(dir, "missing"), "stats"])).toMatchObject({
      code: 1,
      error: expect.stringMatching("missing"),
    });
  });
});

test("check finds damage and says where, without changing anything", async () => {
  const id = await notes();
  const { object } = (await json<{ object: string }[]>("ls")).find((one) => one.object.endsWith(id)) as { object: string };
  const folder = join(dir, "objects", object.replace("/", "%2f").replace("-Notes", "-%4eotes"));
  const file = join(folder, (await readdir(folder)).find((name) => name.endsWith(".log")) as string);
  const before = await readFile(file);
  const damaged = Uint8Array.from(before);
  damaged[300] = (damaged[300] as number) ^ 1;
  await writeFile(file, damaged);
  const { code, out } = await holdfast("check", id);
  expect([code, out]).toEqual([1, expect.stringMatching(/damaged/)]);
  expect(await readFile(file)).toEqual(Buffer.from(damaged));
  await writeFile(file, before);
  expect((await holdfast("check", id)).code).toBe(0);
});
