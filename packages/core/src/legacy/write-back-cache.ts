/** legacy/write-back-cache.ts
 * The memory in front of a legacy object's store (`spec/kv` §4.2). Writes are there at once, and reach the store behind the turn:
 *
 *   pending ──▶ [deleteAll] ──▶ being written ──▶ clean ──▶ the store
 *
 * A read takes the first of them that knows the key, from left to right; behind a deletion nothing is there.
 *
 * 1. What one turn writes becomes durable at once; so does what was written while the one before was on its way.
 * 2. A read gives what there was when it was called: what is written later waits for it on its way to the store.
 * 3. What is written and deleted again before it was on its way never gets there. Two deletions of everything are one.
 * 4. The first failure is final (T16): whatever is on its way, and everything later, fails with it. */
import type { KvStore } from "../contract/index.js";
import type { OutputGate } from "../gate/output-gate.js";
import type { WriteFlags } from "../kv/kv-arguments.js";
import type { KeyRange } from "../kv/kv-table.js";
import { CACHE_OVERFLOW } from "../messages.js";
import { fromByteText, toByteText } from "./byte-text.js";
import { CleanEntries } from "./clean-entries.js";
import { mergeRanges, type Pair } from "./merge-ranges.js";
import { sizeOf, type Value, WriteBatch } from "./write-batch.js";

/** `spec/kv` §4.2 */
const HARD_BYTES = 128 << 20;
const SLOW_BYTES = 8 << 20;

export interface CacheParts {
  readonly store: KvStore;
  readonly gate: OutputGate;
  /** Makes sure that an end of turn follows. */
  joined(): void;
  /** The error that everybody is told of a failure of the store. */
  storeFailed(cause: unknown): unknown;
  /** The session cannot go on. Called once. */
  onBroken(error: unknown): void;
  /** The alarm was set or cleared: told when it is on its way, and again when it is durable. */
  onAlarm(alarm: number | null, isDurable: boolean): void;
}

/** Everything is to be deleted, after what was written before. */
interface Deletion {
  readonly before: WriteBatch;
  /** What waits for it. */
  readonly waiting: WriteBatch;
}

export class WriteBackCache {
  readonly #parts: CacheParts;
  readonly #clean = new CleanEntries();
  #pending = new WriteBatch();
  #deletion: Deletion | undefined;
  /** What is on its way to the store. */
  #writing: WriteBatch | "deletion" | undefined;
  #flushing: Promise<void> | undefined;
  /** Reads of the store that have not ended, and those of single keys. */
  readonly #reads = new Set<Promise<unknown>>();
  readonly #reading = new Map<string, Promise<Value>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: CacheParts) {
    this.#parts = parts;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** The values of keys; at once if all are known. */
  get(keys: readonly string[], noCache: boolean): Value[] | Promise<Value[]> {
    this.#check();
    const values = keys.map((key) => this.known(key));
    if (values.every((value) => value !== undefined)) return values as Value[];
    const missing = [...new Set(keys.filter((_, i) => values[i] === undefined))];
    const found = new Map(missing.map((key) => [key, this.#reading.get(key)]));
    const rest = missing.filter((key) => !found.get(key));
    if (rest.length > 0) {
      const read = this.#track(this.#parts.store.get(rest.map(fromByteText)));
      for (const [i, key] of rest.entries()) found.set(key, this.#single(key, read, i, noCache));
    }
    return Promise.all(keys.map((key, i) => values[i] ?? (values[i] === null ? null : (found.get(key) as Promise<Value>))));
  }

  /** The pairs of a range, in its direction; at once if the store has nothing to say. */
  list(range: KeyRange, limit: number | undefined, noCache: boolean): Pair[] | Promise<Pair[]> {
    this.#check();
    const written = this.#writtenIn(range);
    if (this.#isDeleted) return mergeRanges(written, [], limit, range.reverse);
    return this.#track(this.#listed(range, limit, written, noCache));
  }

  /** What is known of a key: its value, `null` if there is none, `undefined` if the store must be asked. */
  known(key: string): Value | undefined {
    const pending = this.#pending.writes.get(key);
    if (pending) return pending.value;
    if (this.#isDeleted) return null;
    const writing = this.#writing instanceof WriteBatch ? this.#writing.writes.get(key) : undefined;
    return writing ? writing.value : this.#clean.get(key);
  }

  /** Writes pairs, `null` to delete; those that change nothing are none. */
  write(pairs: Iterable<readonly [string, Value]>, { confirmed, noCache }: Pick<WriteFlags, "confirmed" | "noCache">): void {
    this.#check();
    for (const [key, value] of pairs) {
      const before = this.known(key);
      if (before !== undefined && isSame(before, value)) continue;
      this.#pending.set(key, { value, noCache });
      this.#wrote(confirmed);
    }
    if (this.#dirtyBytes <= HARD_BYTES) return;
    this.fail(new Error(CACHE_OVERFLOW));
    this.#check();
  }

  /** Sets the alarm; `null` clears it. */
  writeAlarm(alarm: number | null, name: string | undefined, confirmed: boolean): void {
    this.#check();
    this.#pending.alarm = alarm;
    this.#pending.name = name ?? this.#pending.name;
    this.#wrote(confirmed);
  }

  /** Deletes every pair; resolves when that is done. */
  deleteAll(confirmed: boolean): Promise<void> {
    this.#check();
    const written = this.#pending;
    this.#pending = new WriteBatch();
    if (this.#deletion) {
      // What was written in between never gets there; an alarm does.
      const { alarm, name, hold } = written;
      if (alarm !== undefined) Object.assign(this.#pending, { alarm, name, hold });
      else if (hold) this.#deletion.waiting.done.then(() => hold.release(), ignoreUntilAwaited);
      this.#deletion.waiting.done.then(written.resolve, written.reject);
    } else this.#deletion = { before: written, waiting: new WriteBatch() };
    const { waiting } = this.#deletion;
    if (confirmed) waiting.hold ??= this.#parts.gate.hold();
    this.#parts.joined();
    return waiting.done;
  }

  /** Whether so much is on its way that whoever writes more should wait for it. */
  get isSlow(): boolean {
    return this.#dirtyBytes > SLOW_BYTES;
  }

  /** Resolves when everything written so far is durable. @throws the failure, as a rejection */
  flushed(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.error);
    if (!this.#pending.isEmpty) return this.#pending.done;
    if (this.#deletion) return this.#deletion.waiting.done;
    return this.#flushing ?? Promise.resolve();
  }

  /** Sends what was written on its way, if nothing is. */
  endOfTurn(): void {
    if (this.#flushing || this.#failure || (!this.#deletion && this.#pending.isEmpty)) return;
    const flushing = this.#flush().then(() => {
      this.#flushing = undefined;
      if (this.#deletion || !this.#pending.isEmpty) this.#parts.joined();
    });
    flushing.catch(ignoreUntilAwaited);
    this.#flushing = flushing;
  }

  /** Writes everything that there is. @throws the failure, as a rejection */
  async flushAll(): Promise<void> {
    for (this.endOfTurn(); this.#flushing && !this.#failure; this.endOfTurn()) await this.#flushing;
    if (this.#failure) throw this.#failure.error;
  }

  /** Lets go of the store, when what is on its way is there. To be called when nothing is read or written any more. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#flushing]);
    await this.#parts.store.close();
  }

  /** Rule 4. What is not on its way yet is lost. */
  fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    this.#pending.reject(error);
    this.#deletion?.before.reject(error);
    this.#deletion?.waiting.reject(error);
    this.#parts.gate.break(error);
    this.#parts.onBroken(error);
  }

  /** What is on its way already when this begins is one unit (rule 1). */
  async #flush(): Promise<void> {
    const deletion = this.#deletion;
    const batch = deletion ? deletion.before : this.#pending;
    if (!deletion) this.#pending = new WriteBatch();
    try {
      if (!batch.isEmpty) await this.#commit(batch);
      else batch.finish();
      if (deletion) await this.#deleteAll(deletion);
    } catch (cause) {
      this.fail(this.#parts.storeFailed(cause));
      const error = this.#failure?.error;
      batch.reject(error);
      deletion?.waiting.reject(error);
      throw error;
    }
  }

  async #deleteAll({ waiting }: Deletion): Promise<void> {
    this.#deletion = undefined;
    this.#writing = "deletion";
    await this.#earlierReads();
    await this.#parts.store.deleteAll();
    this.#clean.clear();
    this.#writing = undefined;
    waiting.finish();
  }

  async #commit(batch: WriteBatch): Promise<void> {
    const { store, onAlarm } = this.#parts;
    this.#writing = batch;
    if (batch.alarm !== undefined) onAlarm(batch.alarm, false);
    await this.#earlierReads();
    await store.commit(batch.toStore());
    for (const [key, { value, noCache }] of batch.writes) {
      if (noCache) this.#clean.delete(key);
      else this.#clean.set(key, value);
    }
    this.#writing = undefined;
    if (batch.alarm !== undefined) onAlarm(batch.alarm, true);
    batch.finish();
  }

  /** Rule 2. */
  async #earlierReads(): Promise<void> {
    await Promise.allSettled([...this.#reads]); // a failure is told to who reads
  }

  get #isDeleted(): boolean {
    return this.#deletion !== undefined || this.#writing === "deletion";
  }

  get #dirtyBytes(): number {
    const writing = this.#writing instanceof WriteBatch ? this.#writing.bytes : 0;
    return this.#pending.bytes + (this.#deletion?.before.bytes ?? 0) + writing;
  }

  #wrote(confirmed: boolean): void {
    if (confirmed) this.#pending.hold ??= this.#parts.gate.hold();
    this.#parts.joined();
  }

  /** One key of a read of several, remembered while it lasts: whoever asks meanwhile is told the same. */
  #single(key: string, read: Promise<(Uint8Array | undefined)[]>, index: number, noCache: boolean): Promise<Value> {
    const single = read.then((values) => {
      const value = values[index] ?? null;
      if (!noCache && !this.#isDeleted) this.#clean.set(key, value);
      return value;
    });
    const forget = () => {
      if (this.#reading.get(key) === single) this.#reading.delete(key);
    };
    this.#reading.set(key, single);
    single.then(forget, forget);
    return single;
  }

  async #listed(range: KeyRange, limit: number | undefined, written: Map<string, Value>, noCache: boolean): Promise<Pair[]> {
    const deleted = [...written.values()].filter((value) => value === null).length;
    const { start, end, reverse } = range;
    const asked = {
      ...(start && { start }),
      ...(end && { end }),
      reverse,
      ...(limit !== undefined && { limit: limit + deleted }),
    };
    const stored: Pair[] = [];
    let bytes = 0;
    for await (const [key, value] of this.#parts.store.list(asked)) {
      const text = toByteText(key);
      stored.push([text, value]);
      bytes += sizeOf(text, value);
      if (bytes > HARD_BYTES) this.fail(new Error(CACHE_OVERFLOW));
      this.#check();
      if (!noCache && !written.has(text) && !this.#isDeleted) this.#clean.set(text, value);
    }
    return mergeRanges(written, stored, limit, reverse);
  }

  /** What was written in a range and is not in the store yet. */
  #writtenIn({ start, end }: KeyRange): Map<string, Value> {
    const from = start && toByteText(start);
    const to = end && toByteText(end);
    const written = new Map<string, Value>();
    const add = ({ writes }: WriteBatch) => {
      for (const [key, { value }] of writes) {
        if ((from === undefined || key >= from) && (to === undefined || key < to)) written.set(key, value);
      }
    };
    if (!this.#isDeleted && this.#writing instanceof WriteBatch) add(this.#writing);
    add(this.#pending);
    return written;
  }

  /** A read that fails ends the session. */
  #track<T>(read: Promise<T>): Promise<T> {
    this.#reads.add(read);
    read.then(
      () => this.#reads.delete(read),
      (cause) => {
        this.#reads.delete(read);
        this.fail(this.#parts.storeFailed(cause));
      },
    );
    return read;
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

/** A failure is told to whoever waits, and to every later call. */
function ignoreUntilAwaited(): void {}

function isSame(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
