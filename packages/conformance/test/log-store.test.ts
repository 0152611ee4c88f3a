import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logStoreSuite } from "@holdfast/conformance";
import { folderStore } from "@holdfast/store-fs";
import { memoryStore } from "@holdfast/timeline";
import { afterAll, describe, expect, test } from "vitest";

const equal = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);

describe("memory store", () => {
  logStoreSuite({ test, equal, makeStore: async () => memoryStore() });
});

describe("folder store", () => {
  const folders: string[] = [];
  logStoreSuite({
    test,
    equal,
    makeStore: async () => {
      const folder = await mkdtemp(join(tmpdir(), "holdfast-store-"));
      folders.push(folder);
      return folderStore(folder);
    },
  });
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));
});
