/** random-session.ts
 * Random sessions: calls to a few objects that mix key-value storage, SQL, alarms, transactions, critical sections, timers and calls to each
 * other. What runs at the same time is on one object, where the order of events is defined. */
import { Random } from "./random.js";

/** One operation inside an object; `oracle/run-session.mjs` says what each does. */
export interface SessionStep {
  readonly op: string;
  /** Not awaited before the next. */
  readonly later?: boolean;
  readonly throws?: string;
  readonly ops?: readonly SessionStep[];
  readonly [name: string]: unknown;
}

export interface SessionCall {
  readonly object: number;
  readonly tag: string;
  readonly ops: readonly SessionStep[];
}

export interface Session {
  readonly objects: number;
  /** The calls of one round are made at the same time. */
  readonly rounds: readonly (readonly SessionCall[])[];
}

const KEYS = ["a", "b", "ä", "k1", "k2", "n"];

/** A session of its own for each seed. */
export function randomSession(seed: number): Session {
  return new Maker(new Random(seed)).session();
}

class Maker {
  readonly #random: Random;
  #calls = 0;
  /** What calls of the present round wait with: how long a timer takes beside a flush is not defined. */
  #waits: readonly SessionStep[] = [];
  /** Nor is which replies are on their way already when an object is reset. */
  #mayReset = true;

  constructor(random: Random) {
    this.#random = random;
  }

  session(): Session {
    const objects = 1 + this.#random.below(3);
    const rounds = this.#random.times(2, 5, () => this.#round(objects));
    return { objects, rounds };
  }

  #round(objects: number): SessionCall[] {
    const random = this.#random;
    const crowd = random.chance(0.5);
    const object = random.below(objects);
    this.#mayReset = !crowd;
    this.#waits = crowd ? [{ op: random.pick(["sync", "sleep"]) }] : [{ op: "sync" }, { op: "sleep" }];
    return random.times(1, crowd ? 4 : 1, () => this.#call(object, crowd ? 0 : objects));
  }

  /** `objects`: how many there are to call; none in a crowd. */
  #call(object: number, objects: number): SessionCall {
    this.#calls += 1;
    return { object, tag: `c${this.#calls}`, ops: this.#steps(1, 6, { object, objects, depth: 0, inTransaction: false }) };
  }

  #steps(min: number, max: number, place: Place): SessionStep[] {
    const steps = this.#random.times(min, max, () => this.#step(place));
    if (this.#random.chance(place.depth > 0 ? 0.15 : 0.06)) steps.push({ op: "throw", throws: `thrown ${this.#calls}` });
    return steps;
  }

  #step(place: Place): SessionStep {
    const step = this.#kind(place);
    const mayWait = !["transaction", "section", "call", "sleep", "sync", "abort", "deleteAll"].includes(step.op);
    return mayWait && this.#random.chance(0.25) ? { ...step, later: true } : step;
  }

  #kind(place: Place): SessionStep {
    const random = this.#random;
    const key = random.pick(KEYS);
    const value = random.pick([1, "text", null, [1, { x: 2 }], { deep: { er: true } }, 2 ** 40, ""]);
    const kind = random.below(100);
    if (kind < 40) return this.#pairs(key, value);
    if (kind < 58) return this.#sql(value, place);
    if (kind < 66) return this.#alarm();
    if (kind < 80) return random.pick([...this.#waits, { op: "microtask" }, { op: "increment" }, { op: "increment" }]);
    if (kind < 84) return { op: "transactionSync", ops: this.#synchronous() };
    if (place.depth < 3 && kind < 91) {
      return { op: "transaction", ops: this.#steps(0, 4, { ...place, depth: place.depth + 1, inTransaction: true }) };
    }
    if (place.depth < 3 && kind < 95) return { op: "section", ops: this.#section(place) };
    if (kind < 96) return place.inTransaction ? { op: "rollback" } : { op: "deleteAll" };
    if (place.objects > 1 && place.depth === 0) {
      const object = (place.object + 1) % place.objects;
      return { op: "call", object, ops: this.#steps(1, 3, { object, objects: 0, depth: 1, inTransaction: false }) };
    }
    if (this.#mayReset && kind < 98 && place.depth === 0) return { op: "abort", value: random.pick(["because", undefined]) };
    return { op: "get", key };
  }

  #pairs(key: string, value: unknown): SessionStep {
    const random = this.#random;
    const options = random.pick([
      undefined,
      { limit: 2 },
      { prefix: "k" },
      { reverse: true },
      { start: "b" },
      { startAfter: "a", end: "n" },
    ]);
    return random.pick<SessionStep>([
      { op: "get", key },
      { op: "put", key, value, ...(random.chance(0.2) && { options: { allowUnconfirmed: true } }) },
      { op: "put", key, value },
      { op: "putAll", value: { [key]: value, [random.pick(KEYS)]: 7 } },
      { op: "delete", key },
      { op: "list", options },
      { op: "kv.get", key },
      { op: "kv.put", key, value },
      { op: "kv.delete", key },
      { op: "kv.list", options },
    ]);
  }

  #sql(value: unknown, { depth }: Place): SessionStep {
    const random = this.#random;
    const text = typeof value === "string" ? value : 5;
    return random.pick<SessionStep>([
      { op: "insert", value: text },
      { op: "insert", value: text },
      { op: "select", limit: random.below(4) },
      { op: "remove", limit: random.below(9) },
      { op: "conflict" },
      // Inside sections the platform's reset comes a little late; for transactions see parity: transaction-constraint.
      this.#mayReset && depth === 0 && random.chance(0.15) ? { op: "orphan" } : { op: "adopt" },
    ]);
  }

  /** In a crowd alarms are only read: the platform tells its scheduler before or after a commit, and syncs of others pass each other meanwhile. */
  #alarm(): SessionStep {
    if (!this.#mayReset) return { op: "getAlarm" };
    return this.#random.pick<SessionStep>([
      { op: "setAlarm", limit: this.#random.below(1000) },
      { op: "getAlarm" },
      { op: "deleteAlarm" },
    ]);
  }

  /** Sections that fail reset their object. */
  #section(place: Place): SessionStep[] {
    const steps = this.#steps(0, 3, { ...place, depth: place.depth + 1 });
    return !this.#mayReset || this.#random.chance(0.9) ? steps.filter(({ op }) => op !== "throw") : steps;
  }

  #synchronous(): SessionStep[] {
    const random = this.#random;
    const steps = random.times<SessionStep>(0, 3, () =>
      random.pick<SessionStep>([
        { op: "kv.put", key: random.pick(KEYS), value: random.below(9) },
        { op: "insert", value: "in sync" },
        { op: "kv.delete", key: random.pick(KEYS) },
      ]),
    );
    if (random.chance(0.3)) steps.push({ op: "throw", throws: "sync" });
    return steps;
  }
}

interface Place {
  readonly object: number;
  readonly objects: number;
  readonly depth: number;
  readonly inTransaction: boolean;
}
