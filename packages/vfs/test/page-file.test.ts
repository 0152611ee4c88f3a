import { type CommitPages, type Image, PAGE_SIZE } from "@holdfast/core/contract";
import { expect, test } from "vitest";
import { PageFile } from "../src/index.js";

const page = (byte: number) => new Uint8Array(PAGE_SIZE).fill(byte);

/** An image that is a list of pages. */
class ListImage implements Image {
  pages: (Uint8Array | undefined)[] = [];
  get pageCount() {
    return this.pages.length;
  }
  read(pageNumber: number) {
    return this.pages[pageNumber - 1] ?? page(0);
  }
  apply(commit: CommitPages) {
    this.pages.length = commit.pageCount;
    for (const { pageNumber, data } of commit.pages) this.pages[pageNumber - 1] = data.slice(); // it is borrowed
  }
  freeze() {
    return this;
  }
  close() {}
}

function setUp(verdict: "ok" | "full" = "ok") {
  const image = new ListImage();
  const commits: { pageCount: number; pages: [number, number, number | undefined][] }[] = [];
  const file = new PageFile({
    image,
    beforeCommit: () => verdict,
    onCommit: ({ pageCount, pages }) =>
      commits.push({ pageCount, pages: [...pages].map((one) => [one.pageNumber, one.data[0] ?? -1, one.previous?.[0]]) }),
  });
  return { image, commits, file };
}

test("a commit hands over what changed, with what was there before, and folds it in", () => {
  const { image, commits, file } = setUp();
  file.write(1, page(1));
  file.write(2, page(2));
  file.commit();
  file.write(2, page(3));
  expect(image.read(2)[0]).toBe(2);
  file.commit();
  expect(commits).toEqual([
    {
      pageCount: 2,
      pages: [
        [1, 1, undefined],
        [2, 2, undefined],
      ],
    },
    { pageCount: 2, pages: [[2, 3, 2]] },
  ]);
  expect(image.read(2)[0]).toBe(3);
});

test("a transaction that changed nothing gives no commit", () => {
  const { commits, file } = setUp();
  file.commit();
  expect(commits).toEqual([]);
});

test("rule 2: a file may grow over pages that are never written; they read as zeros", () => {
  const { image, commits, file } = setUp();
  file.write(5, page(5));
  expect([file.pageCount, file.read(3)[0]]).toEqual([5, 0]);
  file.commit();
  expect(commits).toEqual([{ pageCount: 5, pages: [[5, 5, undefined]] }]);
  expect(image.pageCount).toBe(5);
});

test("rule 3: cut off and grown again in one transaction: handed over as zeros", () => {
  const { image, commits, file } = setUp();
  for (const n of [1, 2, 3]) file.write(n, page(n));
  file.commit();
  file.truncate(1);
  expect(file.pageCount).toBe(1);
  file.write(3, page(9));
  expect(file.read(2)[0]).toBe(0);
  file.commit();
  expect(commits[1]).toEqual({
    pageCount: 3,
    pages: [
      [3, 9, 3],
      [2, 0, 2],
    ],
  });
  expect([image.read(1)[0], image.read(2)[0], image.read(3)[0]]).toEqual([1, 0, 9]);
});

test("rule 1: a transaction that is rolled back page by page leaves the image as it was", () => {
  const { image, commits, file } = setUp();
  file.write(1, page(1));
  file.commit();
  file.write(1, page(8));
  file.write(2, page(9));
  file.write(1, page(1)); // SQLite plays its journal back
  file.truncate(1);
  expect([file.pageCount, file.read(1)[0], image.read(1)[0]]).toEqual([1, 1, 1]);
  file.commit(); // the next transaction, empty but for what was played back
  expect(commits.slice(1)).toEqual([{ pageCount: 1, pages: [[1, 1, 1]] }]);
});

test("a veto is asked for only if there is something to commit", () => {
  const { file } = setUp("full");
  expect(file.prepare()).toBe("ok");
  file.write(1, page(1));
  expect(file.prepare()).toBe("full");
});
