/** Facets keep their data, in memory and in a folder. What they do is compared live in package conformance. */
import { DurableObject } from "cloudflare:workers";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DurableObjectNamespace, type DurableObjectState, type FacetStub, openHost } from "holdfast";
import { expect, test } from "vitest";

interface Counter {
  add(): number;
  addInside(): Promise<number>;
  read(): number;
}

class Part extends DurableObject {
  declare ctx: DurableObjectState;

  add(): number {
    const { kv } = this.ctx.storage;
    kv.put("n", this.read() + 1);
    return this.read();
  }

  read(): number {
    return this.ctx.storage.kv.get<number>("n") ?? 0;
  }

  addInside(): Promise<number> {
    return part(this.ctx, "inside").add();
  }
}

class Whole extends DurableObject {
  declare ctx: DurableObjectState;

  add(name: string): Promise<number> {
    return part(this.ctx, name).add();
  }

  addInside(name: string): Promise<number> {
    return part(this.ctx, name).addInside();
  }

  read(name: string): Promise<number> {
    return part(this.ctx, name).read();
  }

  async delete(name: string): Promise<void> {
    this.ctx.facets.delete(name);
  }

  async cloneAndAdd(from: string, to: string): Promise<number> {
    this.ctx.facets.clone(from, to);
    return part(this.ctx, from).add();
  }

  wipe(): Promise<void> {
    return this.ctx.storage.deleteAll();
  }
}

function part(ctx: DurableObjectState, name: string): FacetStub<Counter> {
  return ctx.facets.get<Counter>(name, () => ({ class: (ctx.exports as { Part: object }).Part }));
}

async function withWhole<T>(dir: string, use: (whole: Whole) => Promise<T>): Promise<T> {
  const worker = { Whole, Part };
  const host = await openHost<{ WHOLE: DurableObjectNamespace<Whole> }>({
    dir,
    worker,
    durableObjects: { WHOLE: { className: "Whole" } },
  });
  try {
    return await use(host.env.WHOLE.getByName("one") as unknown as Whole);
  } finally {
    await host.close();
  }
}

test("facets, and facets in facets, are found again by the next host; deleted ones are not", async () => {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-facets-"));
  await withWhole(dir, async (whole) => {
    for (const name of ["a", "a", "b", "Übergröße", "x".repeat(256)]) await whole.add(name);
    expect(await whole.addInside("a")).toBe(1);
    await whole.delete("b");
  });
  await withWhole(dir, async (whole) => {
    const read = async (...names: string[]) => Promise.all(names.map((name) => whole.read(name)));
    expect(await read("a", "b", "Übergröße", "x".repeat(256), "x".repeat(255))).toEqual([2, 0, 1, 1, 0]);
    expect(await whole.addInside("a")).toBe(2);
    expect(await whole.addInside("b")).toBe(1);
  });
  await rm(dir, { recursive: true });
});

test("a clone holds what its source held when it was asked for, with what is inside, and goes on alone", async () => {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-facets-"));
  await withWhole(dir, async (whole) => {
    await whole.add("from");
    await whole.addInside("from");
    await whole.add("to");
    expect(await whole.cloneAndAdd("from", "to")).toBe(2);
    expect([await whole.read("from"), await whole.read("to"), await whole.addInside("to")]).toEqual([2, 1, 2]);
  });
  await withWhole(dir, async (whole) => {
    expect([await whole.read("from"), await whole.read("to"), await whole.add("to")]).toEqual([2, 1, 2]);
    expect([await whole.addInside("from"), await whole.addInside("to")]).toEqual([2, 3]);
    await whole.wipe();
    expect([await whole.read("from"), await whole.read("to"), await whole.addInside("to")]).toEqual([0, 0, 1]);
  });
  await rm(dir, { recursive: true });
});
