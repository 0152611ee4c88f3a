/** kv-case.ts
 * Replays one recorded case of `cases/kv-cases.json` on a fresh object's storage and compares the outcome of each step with the recording. */
import { decodeValue, encodeValue, type Specials } from "./value-encoding.js";

export interface KvCase {
  readonly name: string;
  readonly backend: "sqlite" | "kv";
  readonly flags?: readonly string[];
  readonly tags?: readonly string[];
  readonly steps: readonly KvStep[];
  readonly results: readonly unknown[];
}

interface KvStep {
  readonly op: string;
  readonly args?: readonly unknown[];
  readonly await?: boolean;
  readonly steps?: readonly KvStep[];
  readonly throw?: string;
  readonly message?: string;
  readonly returns?: unknown;
}

/** What an event of the object sees. */
export interface KvCaseContext {
  readonly storage: object;
  abort(reason?: unknown): void;
}

export interface KvCaseParts {
  /** Runs code in an event of its own of a fresh object, or of the same one, again started if it was reset. Rejects as its caller would see. */
  event(run: (context: KvCaseContext) => Promise<unknown>): Promise<void>;
  readonly specials: Specials;
}

export type KvOutcome =
  | { readonly kind: "equal" }
  | { readonly kind: "different"; readonly step: number; readonly expected: unknown; readonly actual: unknown };

const DIRECT = new Set(
  "get put delete list sync deleteAll getAlarm setAlarm deleteAlarm getCurrentBookmark getBookmarkForTime onNextSessionRestoreBookmark".split(
    " ",
  ),
);

const SYNCHRONOUS = new Set(["transactionSync", "rawTransactionSync"]);

export async function replayKvCase(recorded: KvCase, parts: KvCaseParts): Promise<KvOutcome> {
  const replay = new Replay(parts);
  const results: unknown[] = [];
  for (const steps of eventsOf(recorded.steps)) {
    if (results.length > 0) results.push("nextEvent");
    results.push(...(await replay.runEvent(steps)));
  }
  for (const [step, expected] of recorded.results.entries()) {
    const actual = results[step];
    if (canonical(expected) !== canonical(actual)) return { kind: "different", step, expected, actual };
  }
  return { kind: "equal" };
}

/** The order of properties is no difference. Nor is `value` in an iterator's end result: the recordings were made at a compatibility
 * date before 2025-12-03, when it was absent; holdfast behaves as from then on (`spec/kv` §2). */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    const { value: result, ...rest } = part;
    const isEnd = rest.done === true && JSON.stringify(result) === '{"$":"undefined"}';
    return Object.fromEntries(Object.entries(isEnd ? rest : part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The steps of each event. */
function eventsOf(steps: readonly KvStep[]): KvStep[][] {
  const events: KvStep[][] = [[]];
  for (const step of steps) {
    if (step.op === "nextEvent") events.push([]);
    else events.at(-1)?.push(step);
  }
  return events;
}

type Methods = Record<string, (...args: unknown[]) => unknown>;
type Surface = Methods & { kv: Methods; sql: Methods & { databaseSize: number } };

class Replay {
  readonly #parts: KvCaseParts;
  readonly #iterators = new Map<string, Iterator<unknown>>();
  readonly #kept = new Map<string, unknown>();
  #context: KvCaseContext | undefined;
  /** The latest. */
  #txn: Methods | undefined;

  constructor(parts: KvCaseParts) {
    this.#parts = parts;
  }

  /** What each step gave; a single entry if the whole event failed. */
  async runEvent(steps: readonly KvStep[]): Promise<unknown[]> {
    let results: unknown[] = [];
    try {
      await this.#parts.event(async (context) => {
        this.#context = context;
        results = await this.#runAll(steps, (step) => {
          if (step.op === "throw") throw new Error(step.message ?? String(step.args?.[0]));
        });
      });
      return results;
    } catch (error) {
      const { name, message, durableObjectReset, remote } = error as Error & { durableObjectReset?: true; remote?: true };
      return [{ eventFailed: { name, message, ...(durableObjectReset && { durableObjectReset }), ...(remote && { remote }) } }];
    }
  }

  /** `check` throws what is not to be noted down as a step's result. */
  async #runAll(steps: readonly KvStep[], check: (step: KvStep, i: number) => void, results: unknown[] = []): Promise<unknown[]> {
    const later: Promise<void>[] = [];
    for (const [i, step] of steps.entries()) {
      check(step, i);
      const result = this.#run(step).then((shown) => {
        results[i] = shown;
      });
      if (step.await === false) later.push(result);
      else await result;
    }
    await Promise.all(later);
    return results;
  }

  async #run(step: KvStep): Promise<unknown> {
    let started: unknown;
    try {
      started = this.#start(step);
    } catch (error) {
      return step.op === "transactionSync" && error instanceof StepsFailed ? error.result : failure(error, true);
    }
    try {
      // What a synchronous call returned is shown as it is, a promise too.
      if (SYNCHRONOUS.has(step.op)) return this.#shown(step, started);
      return this.#shown(step, await started);
    } catch (error) {
      return failure(error, false);
    }
  }

  #start(step: KvStep): unknown {
    const storage = this.#context?.storage as Surface;
    const args = (step.args ?? []).map((arg) => decodeValue(arg, this.#parts.specials));
    if (DIRECT.has(step.op)) return call(storage, step.op, args);
    if (step.op.startsWith("txn.")) return call(this.#txn as Methods, step.op.slice(4), args);
    switch (step.op) {
      case "kv.get":
      case "kv.put":
      case "kv.delete":
        return call(storage.kv, step.op.slice(3), args);
      case "kv.list":
        return [...(call(storage.kv, "list", args) as Iterable<unknown>)];
      case "kv.iter":
        this.#iterators.set(String(args[0]), call(storage.kv, "list", args.slice(1)) as Iterator<unknown>);
        return "iterator";
      case "kv.next":
        return this.#iterators.get(String(args[0]))?.next();
      case "sql": {
        const cursor = call(storage.sql, "exec", args) as { raw(): Iterable<unknown>; columnNames: string[] };
        return { columns: cursor.columnNames, rows: [...cursor.raw()] };
      }
      case "sql.databaseSize":
        return storage.sql.databaseSize;
      case "transactionSync":
        return this.#transactionSync(storage, step);
      case "transaction":
        return this.#transaction(storage, step);
      case "rawTransaction":
        return call(storage, "transaction", args);
      case "abort":
        return this.#context?.abort(...args);
      case "wait":
        return new Promise((resolve) => setTimeout(resolve, Number(args[0])));
      case "keep":
        this.#kept.set(String(args[0]), args[1]);
        return "kept";
      case "slot.get":
        return this.#kept.get(String(args[0]));
      case "rawTransactionSync":
        return call(storage, "transactionSync", args);
      case "typeof":
        return typeof String(args[0])
          .split(".")
          .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], storage);
      case "microtask":
        return Promise.resolve();
      case "throw":
        throw new Error(step.message ?? String(args[0]));
      default:
        throw new Error(`unknown operation ${step.op}`);
    }
  }

  async #transaction(storage: Surface, step: KvStep): Promise<Noted> {
    const steps: unknown[] = [];
    try {
      const closure = async (txn: Methods) => {
        this.#txn = txn;
        await this.#runAll(
          step.steps ?? [],
          (inner, i) => {
            if (inner.op !== "throw") return;
            steps[i] = "thrown";
            throw inner.message === undefined ? decodeValue(inner.args?.[0], this.#parts.specials) : new Error(inner.message);
          },
          steps,
        );
        if (step.throw !== undefined) throw new Error(step.throw);
        return step.returns;
      };
      const value = await call(storage, "transaction", [closure]);
      return new Noted({ steps, value: encodeValue(value) });
    } catch (error) {
      const failed = failure(error, false) as object;
      return new Noted({ steps, ...("thrown" in failed ? { error: failed } : failed) });
    }
  }

  #transactionSync(storage: Surface, step: KvStep): unknown {
    const steps: unknown[] = [];
    try {
      const value = call(storage, "transactionSync", [
        () => {
          for (const [i, inner] of (step.steps ?? []).entries()) steps[i] = this.#runSync(inner);
          if (step.throw !== undefined) throw new Error(step.throw);
          return step.returns;
        },
      ]);
      return { steps, value };
    } catch (error) {
      throw new StepsFailed({ steps, ...(failure(error, true) as object) });
    }
  }

  /** A step inside a synchronous callback: a promise is noted as such. */
  #runSync(step: KvStep): unknown {
    if (step.op === "throw") return this.#start(step);
    let result: unknown;
    try {
      result = this.#start(step);
    } catch (error) {
      return error instanceof StepsFailed ? error.result : failure(error, true);
    }
    if (result instanceof Promise) {
      result.catch(() => undefined); // noted as a promise, whatever it becomes
      return "promise";
    }
    return this.#shown(step, result);
  }

  #shown(step: KvStep, value: unknown): unknown {
    if (value instanceof Noted) return value.result;
    if (step.op === "transactionSync") {
      const { steps, value: returned } = value as { steps: unknown[]; value: unknown };
      return { steps, value: encodeValue(returned) };
    }
    return encodeValue(value);
  }
}

/** A result that has been written down already. */
class Noted {
  readonly result: unknown;
  constructor(result: unknown) {
    this.result = result;
  }
}

class StepsFailed extends Error {
  readonly result: unknown;
  constructor(result: unknown) {
    super("the callback failed");
    this.result = result;
  }
}

function call(object: Methods, name: string, args: readonly unknown[]): unknown {
  const method = object[name];
  if (typeof method !== "function") throw new Error(`there is no ${name}()`);
  return Reflect.apply(method, object, args);
}

function failure(thrown: unknown, sync: boolean): unknown {
  if (!(thrown instanceof Error)) return { thrown: encodeValue(thrown), ...(sync && { sync }) };
  const { name, message } = thrown;
  const ctor = thrown.constructor.name;
  return { error: { name, message, ...(ctor !== name && { ctor }), ...(sync && { sync }) } };
}
