/** legacy/legacy-transaction.ts
 * A `transaction()` of a legacy object: what it writes is its own until it ends well, and then becomes part of the next write to the store at once
 * (`spec/kv` §5.1, column KV). Nothing is checked for conflicts: nothing else of the object runs meanwhile, but for what its own closure does beside it. */
import type { WriteFlags } from "../kv/kv-arguments.js";
import type { KeyRange } from "../kv/kv-table.js";
import { toByteText } from "./byte-text.js";
import type { LegacyAlarm } from "./legacy-alarm.js";
import type { Pairs } from "./legacy-kv.js";
import { mergeRanges, type Pair } from "./merge-ranges.js";
import type { Value } from "./write-batch.js";

export class LegacyTransaction implements Pairs {
  readonly #below: Pairs;
  readonly #alarmBelow: LegacyAlarm;
  readonly #written = new Map<string, Value>();
  readonly #flags = { confirmed: false, noCache: false };
  #alarm: { readonly time: number | null; readonly confirmed: boolean } | undefined;
  #status: "open" | "committed" | "rolled back" = "open";

  constructor(below: Pairs, alarm: LegacyAlarm) {
    this.#below = below;
    this.#alarmBelow = alarm;
  }

  get status(): "open" | "committed" | "rolled back" {
    return this.#status;
  }

  hasWritten(key: string): boolean {
    return this.#written.has(key);
  }

  get(keys: readonly string[], noCache: boolean): Value[] | Promise<Value[]> {
    const rest = keys.filter((key) => !this.#written.has(key));
    const written = new Map(this.#written); // as of now
    const merged = (values: Value[]) => {
      const found = new Map(rest.map((key, i) => [key, values[i] ?? null]));
      return keys.map((key) => written.get(key) ?? found.get(key) ?? null);
    };
    const values = rest.length === 0 ? [] : this.#below.get(rest, noCache);
    return values instanceof Promise ? values.then(merged) : merged(values);
  }

  /** parity: legacy-list-limit */
  list(range: KeyRange, limit: number | undefined, noCache: boolean): Pair[] | Promise<Pair[]> {
    const from = range.start && toByteText(range.start);
    const to = range.end && toByteText(range.end);
    const written = [...this.#written].filter(([key]) => (from === undefined || key >= from) && (to === undefined || key < to));
    const deleted = written.filter(([, value]) => value === null).length;
    const merged = (stored: Pair[]) => mergeRanges(new Map(written), stored, limit, range.reverse);
    const stored = this.#below.list(range, limit === undefined ? undefined : limit + deleted, noCache);
    return stored instanceof Promise ? stored.then(merged) : merged(stored);
  }

  write(pairs: Iterable<readonly [string, Value]>, { confirmed, noCache }: Pick<WriteFlags, "confirmed" | "noCache">): void {
    for (const [key, value] of pairs) this.#written.set(key, value);
    this.#flags.confirmed ||= confirmed;
    this.#flags.noCache ||= noCache;
  }

  /** What the closure is told of the alarm. */
  readonly alarm = {
    get: (): number | null => (this.#alarm ? this.#alarm.time : this.#alarmBelow.get()),
    set: (time: number | null, { confirmed }: { readonly confirmed: boolean }): void => {
      this.#alarm = { time: this.#alarmBelow.toStored(time), confirmed };
    },
  };

  /** Makes what was written part of what is below. Nothing is left to do if it was rolled back. */
  commit(): void {
    if (this.#status !== "open") return;
    this.#status = "committed";
    this.#below.write(this.#written, this.#flags);
    if (this.#alarm) this.#alarmBelow.set(this.#alarm.time, this.#alarm);
  }

  rollback(): void {
    if (this.#status !== "open") return;
    this.#status = "rolled back";
    this.#written.clear();
    this.#alarm = undefined;
  }
}
