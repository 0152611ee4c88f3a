/** A snapshot is read as the database needs it. One with a damaged page costs the session, never the data: the log has everything. */
import { mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "holdfast";
import { afterEach, beforeEach, expect, test } from "vitest";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-snapshot-"));
});

afterEach(() => rm(dir, { recursive: true }));

const ROWS = 2000;

/** Fills an object until a snapshot of it is taken; the name of its newest. */
async function fill(): Promise<string> {
  const opened = await openStorage({ dir, id: "a" });
  const { storage } = opened;
  storage.sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)");
  for (let row = 0; row < ROWS; row++) {
    storage.sql.exec("INSERT INTO t (data) VALUES (zeroblob(?))", 1000 + (row % 7));
    if (row % 100 === 99) await storage.sync();
  }
  await opened.close();
  const names = await readdir(join(dir, "objects", "a"));
  return names
    .filter((name) => name.endsWith(".snapshot"))
    .sort()
    .at(-1) as string;
}

async function flip(name: string, offset: number): Promise<void> {
  const file = await open(join(dir, "objects", "a", name), "r+");
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] as number) ^ 1;
  await file.write(byte, 0, 1, offset);
  await file.close();
}

const sizes = "SELECT count(*) AS rows, sum(length(data)) AS bytes FROM t";
const expected = { rows: ROWS, bytes: Array.from({ length: ROWS }, (_, row) => 1000 + (row % 7)).reduce((a, b) => a + b) };

test("a damaged page ends the session with an error that says so, and the next one reads the log", async () => {
  const name = await fill();
  await flip(name, 100 * 4096 + 17);
  const first = await openStorage({ dir, id: "a" });
  const query = () => first.storage.sql.exec(sizes).one();
  const cause = expect.objectContaining({ code: "HOLDFAST_STORE_FAILED" });
  expect(query).toThrow(
    expect.objectContaining({
      message: "disk I/O error: SQLITE_IOERR (extended: SQLITE_IOERR_READ)",
      cause: expect.objectContaining({ cause }),
    }),
  );
  expect(() => first.storage.kv.get("any")).toThrow("disk I/O error"); // the session has ended
  await first.restart();
  expect(first.storage.sql.exec(sizes).one()).toEqual(expected);
  await first.close();
  expect(await readdir(join(dir, "objects", "a"))).not.toContain(name);
});

test("one whose end is damaged is passed over", async () => {
  const name = await fill();
  const { size } = await stat(join(dir, "objects", "a", name));
  await flip(name, size - 10);
  const opened = await openStorage({ dir, id: "a" });
  expect(opened.storage.sql.exec(sizes).one()).toEqual(expected);
  await opened.close();
});
