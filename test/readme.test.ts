/** The README's commands and examples are run, and every example of `docs/examples` is. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const readme = readFileSync("README.md", "utf8");
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map((match) => match[1] as string);

/** A folder from which `holdfast` can be imported. */
function scratchFolder(): string {
  const cache = resolve("node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  return mkdtempSync(join(cache, "readme-"));
}

describe("README", () => {
  test.each(blocks("js").map((code, i) => [i + 1, code] as const))(
    "code block %i prints what its comments say",
    (_number, code) => {
      const folder = scratchFolder();
      writeFileSync(join(folder, "block.mjs"), code);
      const printed = execFileSync(process.execPath, ["--import", "holdfast/register", "block.mjs"], {
        cwd: folder,
        encoding: "utf8",
      });
      rmSync(folder, { recursive: true });
      const expected = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
      expect(expected.length).toBeGreaterThan(0);
      expect(printed.trimEnd().split("\n")).toEqual(expected);
    },
  );

  test("its commands exist, and each is run by this test command or by CI around it", () => {
    const commands = blocks("sh").flatMap((block) => block.trim().split("\n"));
    expect(commands).toEqual([
      "npm ci",
      "npm start",
      "npm test",
      "npm run long -- kill --seed 1 --kills 50",
      "npm run long -- crash --seed 1 --workloads 1000",
    ]);
    const ci = readFileSync(".ci/run", "utf8");
    expect(ci).toContain("npm ci");
    expect(ci).toContain("npm test");
  });

  test("npm start: counts, goes on after a restart, goes back in time, and undoes that", () => {
    const first = start();
    expect(first.map((line) => line.replace(/[0-9a-f]{8}(-[0-9a-f]{8}){2}-[0-9a-f]{32}/, "BOOKMARK"))).toEqual([
      "increment        1",
      "increment        2",
      "after a restart  3",
      "kv.get           { theme: 'dark', tags: Set(2) { 'a', 'b' } }",
      "get              Ada",
      "list             Map(2) { 'user:1' => 'Ada', 'user:2' => 'Grace' }",
      "bookmark         BOOKMARK",
      "increment        4",
      "increment        5",
      "abort            restoring",
      "restored         3",
      "abort            undoing",
      "restore undone   5",
      "increment        6",
    ]);
  });

  test("npm run long -- kill: no acknowledged increment is lost in 50 kills", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "holdfast/register", "scripts/long/run.mjs", "kill", "--kills", "50"],
      { encoding: "utf8" },
    );
    console.log(stdout.trim());
    expect(stderr.replace(/^npm warn.*\n/gm, "")).toBe("");
    expect(stdout).toMatch(/kill: 50 kills, \d+ acknowledged increments, \d+ more were durable unacknowledged, 0 lost; seed \d+/);
    expect(status).toBe(0);
  }, 300_000);

  test("npm run long -- crash: nothing is lost to a power loss in 20 workloads; the test of store-fs runs more", () => {
    const args = ["--import", "holdfast/register", "scripts/long/run.mjs", "crash", "--seed", "1", "--workloads", "20"];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stdout).toMatch(/crash: 20 workloads from seed 1: \d+ states, 0 lost, 0 partial, 0 wrong; seed 1/);
    expect(status).toBe(0);
  }, 120_000);

  test("npm run long: a run that does not exist is refused", () => {
    const { status } = spawnSync(process.execPath, ["--import", "holdfast/register", "scripts/long/run.mjs", "nothing"], {
      encoding: "utf8",
    });
    expect(status).toBe(2);
  });
});

/** What `npm start` runs, in a folder of its own so that the counts begin at 1. */
function start(): string[] {
  const script = JSON.parse(readFileSync("package.json", "utf8")).scripts.start as string;
  expect(script).toContain("npm start --workspace @holdfast/example-counter");
  const folder = scratchFolder();
  const printed = execFileSync("npm", ["start", "--silent", "--workspace", "@holdfast/example-counter", "--", folder], {
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true });
  return printed.trimEnd().split("\n");
}

test("every example is a workspace whose start script is run here", () => {
  expect(readdirSync("docs/examples")).toEqual(["counter"]);
});

test("the example's class is the one its author wrote", () => {
  const source = readFileSync("docs/examples/counter/worker/counter.ts", "utf8");
  expect(source).toBe(`import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  sql: SqlStorage;
  constructor(ctx: DurableObjectState, env: Env) { super(ctx, env); this.sql = ctx.storage.sql;
    this.sql.exec('CREATE TABLE IF NOT EXISTS data(key TEXT PRIMARY KEY, value INTEGER)'); }
  async increment(): Promise<number> {
    const result = this.sql.exec('INSERT INTO data VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = value + 1 RETURNING value', 'counter', 1).one();
    return result?.value || 1; } }
`);
});
