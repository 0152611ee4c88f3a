import { appendFileSync, cpSync, readdirSync, statSync, truncateSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logStoreSuite } from "@holdfast/conformance";
import { folderStore } from "@holdfast/store-fs";
import { memoryStore } from "@holdfast/timeline";
import type { LogStore } from "@holdfast/timeline/contract";
import { afterAll, describe, expect, test } from "vitest";
// What the file system does is not for everybody to choose.
import { FolderStore } from "../../store-fs/src/folder-store.js";
import { nodeFileSystem } from "../../store-fs/src/node-file-system.js";
import { deflateInThread } from "../../store-fs/src/packed-group.js";
import { SharedFolder } from "../../store-fs/src/shared-folder.js";

const equal = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);

describe("memory store", () => {
  logStoreSuite({ test, equal, makeStore: async () => memoryStore() });
});

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  folders.push(folder);
  return folder;
}

/** As it is at the moment: what a process leaves that dies now. */
async function copyOf(folder: string): Promise<string> {
  const copy = await newFolder();
  cpSync(folder, copy, { recursive: true, filter: (path) => !statSync(path).isSocket() });
  return copy;
}

/** Leaves the first bytes of the last batch of the newest journal. */
function tear(folder: string, bytes: number): void {
  const journal = readdirSync(folder).findLast((name) => name.startsWith("journal-")) as string;
  const path = join(folder, journal);
  truncateSync(path, statSync(path).size - bytes);
  appendFileSync(path, Buffer.alloc(20)); // the length of a file may be there before what is in it
}

describe("folder store", () => {
  const where = new Map<LogStore, string>();
  const open = async (folder: string) => {
    const store = folderStore(folder);
    where.set(store, folder);
    return store;
  };
  logStoreSuite({
    test,
    equal,
    makeStore: async () => open(await newFolder()),
    died: async (store) => open(await copyOf(where.get(store) as string)),
    torn: async (store) => {
      const folder = await copyOf(where.get(store) as string);
      tear(folder, 100);
      return open(folder);
    },
  });
});

describe("folder store, on a disk whose answers may be lost", () => {
  const losing = new Set<LogStore>();
  logStoreSuite({
    test,
    equal,
    loseAnswer: (store) => losing.add(store),
    makeStore: async () => {
      const lose = () => losing.delete(store);
      const create: typeof nodeFileSystem.create = async (path) => {
        const file = await nodeFileSystem.create(path);
        const datasync = async () => {
          await file?.datasync();
          if (lose()) throw new Error("the answer is lost");
        };
        return file && { write: file.write.bind(file), close: file.close.bind(file), datasync };
      };
      const store: LogStore = new FolderStore(
        new SharedFolder({
          ...{ fs: { ...nodeFileSystem, create }, dir: await newFolder(), hold: async () => async () => {} },
          ...{ isRelaxed: false, maxJournalBytes: 1 << 20, wholeBytes: 1 << 20, largeBytes: 1 << 20, mergedBytes: 1 << 20 },
          packing: { minBytes: 4096, deflate: deflateInThread },
        }),
      );
      return store;
    },
  });
});
