/** When the file of the last opening is believed (T12, T13), and what the log's tail gives. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CommitPages,
  type Image,
  type OpenOptions,
  PAGE_SIZE,
  type Position,
  type SqliteDatabase,
} from "@holdfast/core/contract";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeSqlite } from "../../src/index.js";
import { LocalFile } from "../../src/local-file.js";

let scratchDir: string;
beforeEach(() => {
  scratchDir = mkdtempSync(join(tmpdir(), "holdfast-local-"));
});
afterEach(() => rmSync(scratchDir, { recursive: true }));

class ListImage implements Image {
  readonly pages: Uint8Array[];
  constructor(pages: readonly Uint8Array[] = []) {
    this.pages = [...pages];
  }
  get pageCount() {
    return this.pages.length;
  }
  read(pageNumber: number) {
    return this.pages[pageNumber - 1] ?? expect.fail(`page ${pageNumber}`);
  }
  apply(commit: CommitPages) {
    while (this.pages.length < commit.pageCount) this.pages.push(new Uint8Array(PAGE_SIZE));
    this.pages.length = commit.pageCount;
    for (const { pageNumber, data } of commit.pages) this.pages[pageNumber - 1] = data.slice();
  }
  freeze() {
    return new ListImage(this.pages);
  }
  close() {}
}

/** A timeline that only counts; `durable` may lag behind. */
class Clerk {
  position: Position = { incarnation: 5n, epoch: 1, sequence: 0, txid: 0, checksum: 0, wallMs: 0 };
  image = new ListImage();
  durable: Position | undefined;
  commits: CommitPages[] = [];

  async open(more: Partial<OpenOptions> = {}): Promise<SqliteDatabase> {
    return nodeSqlite({ scratchDir }).open({
      objectId: "an object/with: any id",
      head: this.position,
      image: this.image,
      maxPageCount: 100_000,
      cacheBytes: 256 * 1024,
      limits: {},
      authorize: () => "ok",
      beforeCommit: () => "ok",
      onCommit: (commit) => {
        this.commits.push({
          pageCount: commit.pageCount,
          pages: [...commit.pages].map((one) => ({ ...one, data: one.data.slice() })),
        });
        this.position = { ...this.position, sequence: this.position.sequence + 1, txid: this.position.txid + 1 };
        return this.position;
      },
      durable: () => this.durable ?? this.position,
      ...more,
    });
  }

  nextEpoch(): void {
    this.position = { ...this.position, epoch: this.position.epoch + 1, sequence: 0 };
  }
}

const files = () => (readdirSync(scratchDir, { recursive: true }) as string[]).map((name) => name.split("/").at(-1)).sort();
const rows = (database: SqliteDatabase, sql: string) => {
  const statement = database.prepare(sql)?.statement;
  const all: unknown[] = [];
  while (statement?.step()) all.push(statement.row()[0]);
  return all;
};

describe("the file of the last opening", () => {
  async function session(clerk: Clerk) {
    const database = await clerk.open();
    database.exec("CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES (1)");
    database.close();
  }

  test("is taken over after a clean close, by the very next opening", async () => {
    const clerk = new Clerk();
    await session(clerk);
    expect(files().filter((name) => name === "clean.json" || name?.endsWith(".sqlite"))).toEqual(["1-5.sqlite", "clean.json"]);
    clerk.nextEpoch();
    const local = new LocalFile(scratchDir, "an object/with: any id", clerk.position, clerk.image);
    expect(local.reused).toBe(true);
    expect(files()).not.toContain("clean.json"); // a crash from here on leaves nothing to believe
  });

  test.each([
    ["another opening came in between", (clerk: Clerk) => clerk.nextEpoch()],
    ["another incarnation", (clerk: Clerk) => Object.assign(clerk, { position: { ...clerk.position, incarnation: 6n } })],
    ["another commit", (clerk: Clerk) => Object.assign(clerk, { position: { ...clerk.position, txid: 99 } })],
  ])("is written anew: %s", async (_why, change) => {
    const clerk = new Clerk();
    await session(clerk);
    clerk.nextEpoch();
    change(clerk);
    expect(new LocalFile(scratchDir, "an object/with: any id", clerk.position, clerk.image).reused).toBe(false);
  });

  test("is written anew if it was cut", async () => {
    const clerk = new Clerk();
    await session(clerk);
    const path = join(scratchDir, readdirSync(scratchDir)[0] as string, "1-5.sqlite");
    writeFileSync(path, readFileSync(path).subarray(0, PAGE_SIZE));
    clerk.nextEpoch();
    expect(new LocalFile(scratchDir, "an object/with: any id", clerk.position, clerk.image).reused).toBe(false);
  });

  test("is removed when it may hold more than is durable", async () => {
    const clerk = new Clerk();
    const database = await clerk.open();
    clerk.durable = clerk.position;
    database.exec("CREATE TABLE t(a)");
    database.close();
    expect(files().filter((name) => name?.includes("."))).toEqual([]);
  });

  test("never shows what the log has not: a crash, then the durable image", async () => {
    const clerk = new Clerk();
    await session(clerk);
    clerk.nextEpoch();
    const durable = clerk.image.freeze();
    const crashed = await clerk.open();
    crashed.exec("INSERT INTO t VALUES (2)"); // and the process dies here: nobody closes it
    clerk.image = durable;
    clerk.nextEpoch();
    clerk.position = { ...clerk.position, txid: 2 };
    const database = await clerk.open();
    expect(rows(database, "SELECT a FROM t")).toEqual([1]);
    database.close();
    crashed.close();
  });
});

describe("what the log is not told of is not kept", () => {
  test("a newer session removes the files of one that was left behind, which goes on telling its own log", async () => {
    const clerk = new Clerk();
    const old = await clerk.open();
    old.exec("CREATE TABLE t(a)");
    const newer = new Clerk();
    newer.position = { ...clerk.position, epoch: 2, sequence: 0 };
    newer.image = clerk.image.freeze();
    const database = await newer.open();
    old.exec("INSERT INTO t VALUES ('old')");
    expect(clerk.commits.length).toBe(2); // whose store refuses it
    expect(rows(database, "SELECT * FROM t")).toEqual([]);
    old.close();
    database.close();
  });

  test("a first transaction that spills and is rolled back hides none that follow", async () => {
    const clerk = new Clerk();
    const first = await clerk.open();
    first.exec("CREATE TABLE t(a)");
    first.close();
    clerk.nextEpoch();
    const database = await clerk.open();
    database.exec("BEGIN; INSERT INTO t VALUES (zeroblob(2000000)); INSERT INTO t VALUES (1); ROLLBACK");
    database.exec("INSERT INTO t VALUES ('kept'); INSERT INTO t VALUES ('kept too')");
    expect(clerk.commits.length).toBe(3);
    database.close();
  });

  test("a statement that closing finds in the middle commits before the eyes of the log", async () => {
    const clerk = new Clerk();
    const database = await clerk.open();
    database.exec("CREATE TABLE t(a)");
    database.prepare("INSERT INTO t VALUES (1), (2) RETURNING a")?.statement.step();
    database.close();
    expect(clerk.commits.length).toBe(2);
  });

  test("pragmas that write are seen; reading counts runs none again", async () => {
    const clerk = new Clerk();
    const database = await clerk.open();
    database.exec("CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t VALUES (1)");
    const before = clerk.commits.length;
    const statement = database.prepare("PRAGMA optimize(0x10002)")?.statement;
    while (statement?.step());
    statement?.finalize();
    rows(database, "PRAGMA user_version = 7");
    expect(clerk.commits.length).toBe(before + 2);
    const off = database.prepare("PRAGMA foreign_keys = OFF")?.statement;
    off?.step();
    rows(database, "PRAGMA foreign_keys = ON");
    expect(off?.counts().rowsRead).toBe(0);
    expect(rows(database, "PRAGMA foreign_keys")).toEqual([1]);
    database.close();
  });

  test("a marker that is none, and a scratch folder that is gone", async () => {
    const clerk = new Clerk();
    const database = await clerk.open();
    database.exec("CREATE TABLE t(a)");
    rmSync(scratchDir, { recursive: true });
    database.close();
    clerk.nextEpoch();
    const again = await clerk.open();
    again.close();
    writeFileSync(join(scratchDir, readdirSync(scratchDir)[0] as string, "clean.json"), "nonsense");
    clerk.nextEpoch();
    (await clerk.open()).close();
  });
});

test("a big log is written into the file only when everything in it is durable", async () => {
  const clerk = new Clerk();
  const database = await clerk.open();
  clerk.durable = clerk.position;
  database.exec("CREATE TABLE t(a)");
  for (let i = 0; i < 3; i++) database.exec("INSERT INTO t VALUES (randomblob(2500000))");
  const log = () => readFileSync(join(scratchDir, readdirSync(scratchDir)[0] as string, "1-5.sqlite-wal")).length;
  expect(log()).toBeGreaterThan(7_000_000);
  clerk.durable = undefined;
  database.exec("INSERT INTO t VALUES (1)");
  expect(log()).toBe(0);
  database.exec("INSERT INTO t VALUES (2)");
  expect(clerk.commits.length).toBe(6);
  expect(rows(database, "SELECT count(*) FROM t")).toEqual([5]);
  database.close();
  expect(new Uint8Array(clerk.image.read(1).slice(18, 20))).toEqual(Uint8Array.of(1, 1)); // not in WAL mode
});

test("random transactions: the commits are the database, also over rolled-back ones that spilled", async () => {
  const write = fc.oneof(
    fc.integer({ min: 0, max: 60_000 }).map((n) => `INSERT INTO t VALUES (${n}, zeroblob(${n}))`),
    fc.integer({ min: 1, max: 5 }).map((n) => `UPDATE t SET a = a + 1, b = substr(b || b, 1, 3000) WHERE rowid % ${n} = 0`),
    fc.integer({ min: 1, max: 5 }).map((n) => `DELETE FROM t WHERE rowid % ${n} = 0`),
    fc.constantFrom("SAVEPOINT s", "ROLLBACK TO s", "RELEASE s", "CREATE TABLE IF NOT EXISTS u(a)", "DROP TABLE IF EXISTS u"),
  );
  const transaction = fc.record({
    writes: fc.array(write, { maxLength: 6 }),
    end: fc.constantFrom("COMMIT", "COMMIT", "ROLLBACK"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { maxLength: 10 }), async (transactions) => {
      const clerk = new Clerk();
      const database = await clerk.open({ cacheBytes: 8 * PAGE_SIZE });
      database.exec("CREATE TABLE t(a, b)");
      const attempt = (sql: string) => {
        try {
          database.exec(sql);
        } catch (error) {
          expect(String(error)).toContain("no such savepoint"); // what may go wrong here, and nothing else
        }
      };
      for (const { writes, end } of transactions) for (const sql of ["BEGIN", ...writes, end]) attempt(sql);
      const expected = rows(database, "SELECT a || ':' || length(b) FROM t ORDER BY rowid");
      database.close();
      const replayed = new ListImage();
      for (const commit of clerk.commits) replayed.apply(commit);
      expect(replayed.pages).toEqual(clerk.image.pages);
      const again = new Clerk();
      again.image = replayed;
      again.position = { ...again.position, incarnation: 8n };
      const reopened = await again.open();
      expect(rows(reopened, "PRAGMA integrity_check")).toEqual(["ok"]);
      expect(rows(reopened, "SELECT a || ':' || length(b) FROM t ORDER BY rowid")).toEqual(expected);
      reopened.close();
    }),
    { numRuns: 60 },
  );
}, 120_000);
