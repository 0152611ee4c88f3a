/** Files that were written by a newer Node (`scripts/make-golden.mjs`), with everything that the format knew then. Every later release must read them as
 * they are. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderStore, openHistory, openStorage } from "holdfast";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const GOLDEN = new URL("../golden/", import.meta.url);

const NAMES = ["plain", "packed"];

interface Golden {
  readonly writtenBy: string;
  readonly id: string;
  readonly query: string;
  readonly moments: readonly { readonly bookmark: string; readonly expected: Record<string, unknown> }[];
  readonly alarm: number;
}

describe.each(NAMES)("%s", (name) => {
  const { writtenBy, id, query, moments, alarm }: Golden = JSON.parse(
    readFileSync(new URL(`${name}/expected.json`, GOLDEN), "utf8"),
  );

  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "holdfast-golden-"));
    cpSync(fileURLToPath(new URL(`${name}/folder`, GOLDEN)), dir, { recursive: true });
  });

  afterEach(() => rmSync(dir, { recursive: true }));

  test(`a folder written by ${writtenBy}: every moment, without opening it for writing`, async () => {
    const history = await openHistory({ dir, id });
    for (const { bookmark, expected } of moments) {
      expect(await history.queryAt(bookmark, query)).toEqual([expected]);
      expect(await history.integrityAt(bookmark)).toEqual([]);
    }
    expect(history.bookmark).toBe(moments.at(-1)?.bookmark);
    expect((await history.restores()).map(({ requested, failure }) => [requested, failure])).toEqual([
      [moments[1]?.bookmark, undefined],
    ]);
    await history.close();
    const store = folderStore(dir);
    const ids: string[] = [];
    for await (const one of store.list()) ids.push(one);
    expect(ids).toEqual([id, "fork"]);
    const due: unknown[] = [];
    for await (const one of store.due(alarm, 10)) due.push(one);
    expect(due).toEqual([{ id, at: alarm }]);
    await store.close();
  });

  test("it goes on from there: the object, its past, its fork", async () => {
    const opened = await openStorage({ dir, id });
    const { storage } = opened; // until it is restarted
    expect(storage.sql.exec(query).one()).toEqual(moments.at(-1)?.expected);
    expect(storage.kv.get("key")).toEqual({ text: "ü", list: [1, 2n, new Date(0)] });
    storage.sql.exec("DELETE FROM t");
    await storage.onNextSessionRestoreBookmark(moments[0]?.bookmark as string);
    await opened.restart();
    expect(opened.storage.sql.exec(query).one()).toEqual(moments[0]?.expected);
    await opened.close();
    const fork = await openStorage({ dir, id: "fork" });
    expect(fork.storage.sql.exec(query).one()).toEqual(moments[0]?.expected);
    await fork.close();
    const deleted = await openStorage({ dir, id: "deleted" });
    expect(deleted.storage.kv.get("a")).toBeUndefined();
    await deleted.close();
  });
});
