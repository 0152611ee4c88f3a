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

export interface KvCaseParts {
  /** `ctx.storage` of the object; a new one after a restart. */
  storage(): object;
  /** Runs in an event of its own. */
  nextEvent(): Promise<void>;
  readonly specials: Specials;
}

export type KvOutcome =
  | { readonly kind: "equal" }
  | { readonly kind: "different"; readonly step: number; readonly expected: unknown; readonly actual: unknown };

const DIRECT = new Set("get put delete list sync deleteAll getAlarm setAlarm deleteAlarm".split(" "));

const SYNCHRONOUS = new Set(["transactionSync", "rawTransactionSync"]);

/** Operations that {@link replayKvCase} can run. A case with any other is not replayed. */
export const REPLAYED_OPERATIONS: ReadonlySet<string> = new Set(
  "get put delete list sync kv.get kv.put kv.delete kv.list kv.iter kv.next sql sql.databaseSize transactionSync rawTransactionSync microtask typeof nextEvent throw".split(
    " ",
  ),
);

/** Every operation of a case, nested ones too. A throw outside any callback fails the event, which takes a host: `event.throw`. */
export function operationsOf(steps: readonly KvStep[], nested = false): string[] {
  return steps.flatMap((step) => [
    step.op === "throw" && !nested ? "event.throw" : step.op,
    ...operationsOf(step.steps ?? [], true),
  ]);
}

export async function replayKvCase(recorded: KvCase, parts: KvCaseParts): Promise<KvOutcome> {
  const replay = new Replay(parts);
  const results = await replay.runAll(recorded.steps);
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

type Methods = Record<string, (...args: unknown[]) => unknown>;
type Surface = Methods & { kv: Methods; sql: Methods & { databaseSize: number } };

class Replay {
  readonly #parts: KvCaseParts;
  readonly #iterators = new Map<string, Iterator<unknown>>();

  constructor(parts: KvCaseParts) {
    this.#parts = parts;
  }

  async runAll(steps: readonly KvStep[]): Promise<unknown[]> {
    const results: unknown[] = [];
    const later: Promise<void>[] = [];
    for (const [i, step] of steps.entries()) {
      if (step.op === "nextEvent") {
        await this.#parts.nextEvent();
        results[i] = "nextEvent";
        continue;
      }
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
    const storage = this.#parts.storage() as Surface;
    const args = (step.args ?? []).map((arg) => decodeValue(arg, this.#parts.specials));
    if (DIRECT.has(step.op)) return call(storage, step.op, args);
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
    if (step.op === "transactionSync") {
      const { steps, value: returned } = value as { steps: unknown[]; value: unknown };
      return { steps, value: encodeValue(returned) };
    }
    return encodeValue(value);
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
