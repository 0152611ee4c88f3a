/** Images whose pages do not all fit in memory read the same as those that do. */
import { PAGE_SIZE, type ScratchFile } from "@holdfast/core/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scratchInMemory } from "../../../test/support/scratch-in-memory.js";
import { PagedImage } from "../src/image/paged-image.js";
import { ScratchPages } from "../src/image/scratch-pages.js";

/** A scratch file in memory that says what was done to it. */
function scratch(): ScratchFile & { readonly pages: number; readonly isOpen: boolean } {
  let isOpen = true;
  const file = scratchInMemory(() => {
    if (!isOpen) throw new Error("closed twice");
    isOpen = false;
  });
  return {
    read: file.read,
    write: file.write,
    close: file.close,
    get pages() {
      return file.bytes / PAGE_SIZE;
    },
    get isOpen() {
      return isOpen;
    },
  };
}

const filled = (byte: number) => new Uint8Array(PAGE_SIZE).fill(byte);

const contentOf = (image: PagedImage) => Array.from({ length: image.pageCount }, (_, i) => image.read(i + 1)[7]);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("apply" as const), page: fc.integer({ min: 1, max: 20 }), byte: fc.nat(255) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("edit" as const), page: fc.integer({ min: 1, max: 20 }), byte: fc.nat(255) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("resize" as const), page: fc.integer({ min: 1, max: 20 }), byte: fc.constant(0) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("freeze" as const), page: fc.constant(0), byte: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close view" as const), page: fc.constant(0), byte: fc.constant(0) }) },
);

test("T12: pages in memory, in a snapshot and in a scratch file read as one image, and frozen views keep their moment", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), fc.integer({ min: 0, max: 12 }), (steps, base) => {
      const files: ReturnType<typeof scratch>[] = [];
      const parts = {
        memoryPages: 4,
        scratch: () => {
          const file = scratch();
          files.push(file);
          return file;
        },
      };
      const users = new Set<object>();
      const image = PagedImage.over(parts, (user) => {
        users.add(user);
        const pages = {
          pageCount: base,
          read: (page: number, into: Uint8Array) => void into.fill(100 + page),
          share: (other: object) => {
            users.add(other);
            return pages;
          },
          close: (other: object) => void users.delete(other),
        };
        return pages;
      });
      const plain = new PagedImage(
        {},
        Array.from({ length: base }, (_, i) => filled(101 + i)),
      );
      const views: { readonly view: PagedImage; readonly content: (number | undefined)[] }[] = [];
      for (const { kind, page, byte } of steps) {
        const pageCount = Math.max(page, image.pageCount);
        for (const one of [image, plain]) {
          if (kind === "apply") one.apply({ pageCount, pages: [{ pageNumber: page, data: filled(byte) }] });
          if (kind === "edit") {
            one.resize(pageCount);
            one.editable(page).fill(byte);
          }
          if (kind === "resize") one.resize(page);
        }
        if (kind === "freeze") views.push({ view: image.freeze(), content: contentOf(plain) });
        if (kind === "close view") views.shift()?.view.close();
        expect(contentOf(image)).toEqual(contentOf(plain));
        for (const { view, content } of views) expect(contentOf(view)).toEqual(content);
      }
      image.close();
      for (const { view, content } of views) {
        expect(contentOf(view)).toEqual(content);
        view.apply({ pageCount: 20, pages: Array.from({ length: 20 }, (_, i) => ({ pageNumber: i + 1, data: filled(i) })) });
        expect(contentOf(view)).toEqual(Array.from({ length: 20 }, (_, i) => i));
        view.close();
      }
      expect(users.size).toBe(0);
      expect(files.filter(({ isOpen }) => isOpen)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("an image of many pages keeps no more in memory than it may, and a long session no more in its scratch file than it needs", () => {
  const file = scratch();
  const image = new PagedImage({ memoryPages: 8, scratch: () => file });
  const round = (byte: number) =>
    image.apply({ pageCount: 100, pages: Array.from({ length: 100 }, (_, i) => ({ pageNumber: i + 1, data: filled(byte) })) });
  for (let byte = 0; byte < 10; byte++) round(byte);
  expect(file.pages).toBeLessThanOrEqual(100);
  for (let byte = 10; byte < 20; byte++) {
    const view = image.freeze();
    round(byte);
    expect(view.read(50)[0]).toBe(byte - 1);
    view.close();
  }
  expect(file.pages).toBeLessThanOrEqual(200);
});

test("a slot that somebody left who is gone is not written again: whoever is still there may read it", () => {
  const file = scratch();
  const [a, b] = [{}, {}];
  const pages = new ScratchPages(file, a);
  const slot = pages.write(filled(1));
  pages.share(b);
  pages.leave(slot, a);
  pages.close(a);
  pages.write(filled(2));
  const page = filled(0);
  pages.read(slot, page);
  expect(page[0]).toBe(1);
  pages.close(b);
  expect(file.isOpen).toBe(false);
});
