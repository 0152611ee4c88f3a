/** log-store-suite.ts
 * What every store must pass (`@holdfast/timeline/contract`). The test runner is passed in, so that it can be any. Records here are
 * arbitrary: a store that looks into more than their frame fails. */
import type { Position } from "@holdfast/core/contract";
import { comparePositions, type Log, type LogReader, type LogStore, NO_POSITION } from "@holdfast/timeline/contract";
import { readHeader } from "@holdfast/timeline/record";
import { makeRecord } from "./make-record.js";

export interface SuiteParts {
  test(name: string, run: () => Promise<void>): void;
  /** Must throw if the two are not deeply equal. */
  equal(actual: unknown, expected: unknown): void;
  /** A new store without objects. */
  makeStore(): Promise<LogStore>;
  /** A store over what another has written, as the next process finds it when that one has died: nothing of it goes on. Absent for stores that do not
   * outlive their process. */
  died?(store: LogStore): Promise<LogStore>;
  /** The same after a power loss while the last append was written: some of its bytes are there. */
  torn?(store: LogStore): Promise<LogStore>;
  /** Has the store's next write carried out, but told as failed: its answer is lost (T19). */
  loseAnswer?(store: LogStore): void;
}

export function logStoreSuite({ test, equal, makeStore, died, torn, loseAnswer }: SuiteParts): void {
  const check = (name: string, run: (store: LogStore) => Promise<void>) =>
    test(name, async () => {
      const store = await makeStore();
      await run(store);
      await store.close();
    });

  check("an object that does not exist reads as an empty log", async (store) => {
    const reader = await store.read("a");
    equal(reader.head, NO_POSITION);
    equal(await readAll(reader), []);
    equal(await collect(store.list()), []);
  });

  check("records come back in order, also after opening again", async (store) => {
    const first = new Writer(await store.open("a"));
    const records = [first.append(), first.append(100), first.append(5000)];
    await first.flush();
    equal(await readAll(first.log), records);
    await first.log.close();
    const second = new Writer(await store.open("a"));
    equal(second.log.head, first.head);
    equal(second.log.epoch > first.log.epoch, true);
    records.push(second.append());
    await second.flush();
    equal(await readAll(second.log), records);
    equal(await readAll(await store.read("a")), records);
  });

  check("a range of records is exclusive at its start and inclusive at its end", async (store) => {
    const writer = new Writer(await store.open("a"));
    const records = [writer.append(), writer.append(), writer.append(), writer.append()];
    await writer.flush();
    equal((await collect(writer.log.records(writer.positions[0] as Position, writer.positions[2]))).flat(), records.slice(1, 3));
  });

  check("fence: from the moment another writer has opened, nothing of the older one is acknowledged or read", async (store) => {
    const older = new Writer(await store.open("a"));
    const kept = [older.append()];
    await older.flush();
    const newer = new Writer(await store.open("a"));
    older.append();
    equal(await rejection(older.flush()), "HOLDFAST_FENCED");
    equal(await rejection(older.log.confirm()), "HOLDFAST_FENCED");
    kept.push(newer.append());
    await newer.flush();
    await newer.log.confirm();
    equal(await readAll(newer.log), kept);
    equal(await rejection(older.flush()), "HOLDFAST_FENCED");
    await newer.log.close();
    equal(await readAll(await store.read("a")), kept);
  });

  check("compare: an append that expects another head breaks the writer", async (store) => {
    const writer = new Writer(await store.open("a"));
    writer.append();
    await writer.flush();
    const wrong = { ...writer.head, checksum: writer.head.checksum ^ 1 };
    const { bytes, position } = makeRecord(wrong, { epoch: writer.log.epoch });
    writer.log.append(wrong, bytes, { position });
    equal(await rejection(writer.log.flushed(position)), "HOLDFAST_FENCED");
  });

  check("delete: a tombstone, after which the object is empty and epochs go on", async (store) => {
    const writer = new Writer(await store.open("a"));
    writer.append();
    await writer.flush();
    await store.delete("a");
    equal(await collect(store.list()), []);
    equal((await store.read("a")).head, NO_POSITION);
    writer.append();
    equal(await rejection(writer.flush()), "HOLDFAST_FENCED");
    const again = await store.open("a");
    equal(again.head, NO_POSITION);
    equal(again.epoch > writer.log.epoch, true);
  });

  check("delete: what is written after it is there, also after opening again", async (store) => {
    const old = new Writer(await store.open("a"));
    old.append();
    await old.flush();
    await store.delete("a");
    const writer = new Writer(await store.open("a"));
    const records = [writer.append(), writer.append()];
    await writer.flush();
    await writer.log.close();
    const again = new Writer(await store.open("a"));
    equal(again.log.head, writer.head);
    records.push(again.append());
    await again.flush();
    equal(await readAll(await store.read("a")), records);
    equal(await collect(store.list()), ["a"]);
    await store.delete("a");
    await store.delete("a");
    equal(await collect(store.list()), []);
  });

  check("list: ids of every kind, by prefix, in order", async (store) => {
    const ids = ["A", "a", "a/b", "a b", "ä", "..", "x%y", "Counter/0f"];
    for (const id of ids) await (await store.open(id)).close();
    equal(await collect(store.list()), [...ids].sort());
    equal(await collect(store.list("a")), ids.filter((id) => id.startsWith("a")).sort());
  });

  check("fork: the records up to a position, in an object that then goes its own way", async (store) => {
    const writer = new Writer(await store.open("a"));
    const records = [writer.append(), writer.append(), writer.append()];
    await writer.flush();
    await store.fork("a", writer.positions[1] as Position, "b");
    const fork = new Writer(await store.open("b"));
    equal(fork.log.head, writer.positions[1]);
    equal([writer.log.isFork, fork.log.isFork], [false, true]);
    const own = fork.append();
    await fork.flush();
    equal(await readAll(fork.log), [...records.slice(0, 2), own]);
    equal(await readAll(await store.read("a")), records);
    await fork.log.close();
    equal((await store.open("b")).isFork, false);
    equal(await rejection(store.fork("a", writer.head, "b")), "HOLDFAST_USAGE");
    equal(await rejection(store.fork("a", { ...writer.head, checksum: 1 }, "c")), "HOLDFAST_USAGE");
  });

  check("due: the newest word on each object's alarm, earliest first", async (store) => {
    const write = async (id: string, ...alarms: (number | null | undefined)[]) => {
      const writer = new Writer(await store.open(id));
      for (const alarm of alarms) writer.append(10, alarm);
      await writer.flush();
      await writer.log.close();
    };
    await write("late", 5000);
    await write("moved", 100, 3000);
    await write("cleared", 100, null);
    await write("kept", 2000, undefined);
    await store.fork("kept", (await store.read("kept")).head, "fork");
    equal(await collect(store.due(4000, 10)), [
      { id: "kept", at: 2000 },
      { id: "moved", at: 3000 },
    ]);
    equal(await collect(store.due(9000, 1)), [{ id: "kept", at: 2000 }]);
  });

  check("snapshots: the newest at or before a position", async (store) => {
    const writer = new Writer(await store.open("a"));
    for (let i = 0; i < 4; i++) writer.append();
    await writer.flush();
    const [first, second, third] = writer.positions as [Position, Position, Position];
    equal(await writer.log.snapshot(third), undefined);
    await writer.log.putSnapshot(second, chunks([1, 2], [3]));
    equal(await writer.log.snapshot(first), undefined);
    const found = await writer.log.snapshot(third);
    equal(found?.position, second);
    if (!found) return;
    if ("file" in found) {
      const [middle, all] = [new Uint8Array(1), new Uint8Array(9)];
      equal([found.file.bytes, found.file.read(1, middle), found.file.read(0, all)], [3, 1, 3]);
      equal([[...middle], [...all.subarray(0, 3)]], [[2], [1, 2, 3]]);
      found.file.close();
    } else
      equal(
        (await collect(found.chunks)).flatMap((chunk) => [...chunk]),
        [1, 2, 3],
      );
  });

  check("records: after a place that need not have one", async (store) => {
    const first = new Writer(await store.open("a"));
    const records = [first.append(), first.append()];
    await first.flush();
    await first.log.close();
    const second = new Writer(await store.open("a"));
    records.push(second.append(), second.append());
    await second.flush();
    const after = async (epoch: number, sequence: number, upTo?: Position) => {
      const found = await collect(second.log.records({ epoch, sequence }, upTo));
      return found.flat().map((bytes) => new Uint8Array(bytes));
    };
    const { epoch } = second.log;
    equal(await after(epoch, -1), records.slice(2));
    equal(await after(first.log.epoch, 100), records.slice(2));
    equal(await after(first.log.epoch, 0, second.positions[0]), records.slice(1, 3));
    equal(await after(epoch, 100), []);
  });

  check("placeAt: nothing before it is needed to find the newest record at a time", async (store) => {
    const written: Position[] = [];
    for (const count of [3, 1, 2]) {
      const writer = new Writer(await store.open("a"));
      for (let i = 0; i < count; i++) writer.append();
      await writer.flush();
      await writer.log.close();
      written.push(...writer.positions);
    }
    const reader = await store.read("a");
    for (let ms = (written[0]?.wallMs ?? 0) - 1; ms <= (written.at(-1)?.wallMs ?? 0) + 1; ms++) {
      const place = await reader.placeAt(ms);
      const newest = written.findLast(({ wallMs }) => wallMs <= ms) ?? written[0];
      equal(newest !== undefined && comparePositions(place, newest) <= 0, true);
    }
    await reader.close();
  });

  check("replace: other records for a span of an earlier epoch, unless it is pinned", async (store) => {
    const writer = new Writer(await store.open("a"));
    const records = Array.from({ length: 4 }, () => writer.append());
    await writer.flush();
    await writer.log.close();
    const next = new Writer(await store.open("a"));
    records.push(next.append());
    await next.flush();
    const [, second, third] = writer.positions as [Position, Position, Position];
    const span = { first: second, last: third };
    const merged = makeRecord(writer.positions[0] as Position, { position: third });
    const pin = await next.log.pin(third);
    equal(await rejection(next.log.replace(span, chunks([...merged.bytes]))), "HOLDFAST_USAGE");
    pin.release();
    await next.log.replace(span, chunks([...merged.bytes]));
    const expected = [records[0], merged.bytes, records[3], records[4]];
    equal(await readAll(next.log), expected);
    equal(await rejection(next.log.replace({ first: next.head, last: next.head }, chunks())), "HOLDFAST_USAGE");
    records.push(next.append());
    await next.flush();
    await next.log.close();
    equal(await readAll(await store.open("a")), [...expected, records[5]]);
  });

  check("replace: two at once that overlap leave a log in order", async (store) => {
    const writer = new Writer(await store.open("a"));
    for (let i = 0; i < 5; i++) writer.append();
    await writer.flush();
    await writer.log.close();
    const next = new Writer(await store.open("a"));
    const [first, second, third, fourth] = writer.positions as [Position, Position, Position, Position];
    const narrow = next.log.replace({ first: third, last: fourth }, chunks([...makeRecord(second, { position: fourth }).bytes]));
    const wide = next.log.replace({ first: second, last: fourth }, chunks([...makeRecord(first, { position: fourth }).bytes]));
    const codes = [await rejection(narrow), await rejection(wide)];
    equal(
      codes.every((code) => code === undefined || code === "HOLDFAST_USAGE"),
      true,
    );
    const sequences = (await readAll(next.log)).map((record) => readHeader(record)?.position.sequence);
    equal(
      sequences,
      [...new Set(sequences)].sort((a = 0, b = 0) => a - b),
    );
    equal([sequences[0], sequences.at(-1)], [writer.positions[0]?.sequence, writer.positions[4]?.sequence]);
  });

  check("a closed log accepts nothing", async (store) => {
    const writer = new Writer(await store.open("a"));
    writer.append();
    await writer.flush();
    const closed = writer.log.close();
    writer.append(); // while it is being closed
    equal(await rejection(writer.flush()), "HOLDFAST_CLOSED");
    await closed;
    writer.append();
    equal(await rejection(writer.flush()), "HOLDFAST_CLOSED");
    equal((await readAll(await store.open("a"))).length, 1);
  });

  const checkDeath = (what: string, next: typeof died, mayLoseLast: boolean) => {
    if (!next) return;
    check(what, async (store) => {
      const writer = new Writer(await store.open("a"));
      const records = [writer.append(), writer.append(3000), writer.append()];
      await writer.flush();
      const last = writer.append(500);
      if (mayLoseLast) await writer.flush(); // so that there is something to tear
      const after = await next(store);
      const found = await readAll(await after.read("a"));
      equal(found, found.length > records.length ? [...records, last] : records);
      const newer = new Writer(await after.open("a"));
      equal([newer.log.epoch > writer.log.epoch, newer.log.head], [true, writer.positions[found.length - 1]]);
      found.push(newer.append(), newer.append(500));
      await newer.flush();
      equal(await readAll(newer.log), found);
      const once = await (died ?? next)(after);
      equal(await readAll(await once.read("a")), found); // what was lost stays lost
      await after.close();
      await once.close();
    });
  };
  checkDeath("death: what was acknowledged is there, what was not is there whole or not at all", died, false);
  checkDeath("torn tail: what was not acknowledged is there whole or not at all, and never again if it was not", torn, true);

  if (loseAnswer) {
    check(
      "lost answer: nothing is acknowledged behind it, and whoever opens the object next knows what became of it",
      async (store) => {
        const writer = new Writer(await store.open("a"));
        const records = [writer.append()];
        await writer.flush();
        loseAnswer(store);
        const unknown = writer.append();
        equal(await rejection(writer.flush()), "HOLDFAST_STORE_FAILED");
        writer.append();
        equal((await rejection(writer.flush())) === undefined, false);
        const next = new Writer(await store.open("a"));
        const found = await readAll(next.log);
        equal(found, found.length > 1 ? [...records, unknown] : records);
        equal(next.log.head, writer.positions[found.length - 1]);
        found.push(next.append());
        await next.flush();
        equal(await readAll(await store.read("a")), found);
      },
    );
  }

  check("a position that was never appended is not durable", async (store) => {
    const writer = new Writer(await store.open("a"));
    writer.append();
    equal((await rejection(writer.log.flushed({ ...writer.head, sequence: 99 }))) === undefined, false);
    await writer.flush();
  });
}

/** Appends made-up records to a log. */
class Writer {
  readonly log: Log;
  readonly positions: Position[] = [];
  head: Position;

  constructor(log: Log) {
    this.log = log;
    this.head = log.head;
  }

  append(bodyBytes = 10, alarm?: number | null): Uint8Array {
    const { bytes, position } = makeRecord(this.head, { epoch: this.log.epoch, bodyBytes, alarm });
    this.log.append(this.head, bytes.slice(), { position, ...(alarm !== undefined && { alarm }) });
    this.head = position;
    this.positions.push(position);
    return bytes;
  }

  flush(): Promise<void> {
    return this.log.flushed(this.head);
  }
}

async function readAll(log: LogReader): Promise<Uint8Array[]> {
  const all = await collect(log.records(NO_POSITION));
  return all.flat().map((bytes) => new Uint8Array(bytes));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* chunks(...parts: number[][]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Uint8Array.from(part);
}

/** The code of what a promise rejects with; `undefined` if it resolves. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error) => (error as { code?: unknown }).code,
  );
}
