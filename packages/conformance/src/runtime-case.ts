/** runtime-case.ts
 * Replays one recorded case of `cases/runtime-cases.json`: a class and a driver that calls it from outside, both as source. */
import { told } from "../oracle/told.mjs";

export interface RuntimeCase {
  readonly name: string;
  readonly topic: string;
  /** Source of a class `X`. */
  readonly do: string;
  /** Source of an async function of `{ ns, T, sleep, uniqueKey }`. */
  readonly driver: string;
  readonly observed: unknown;
  readonly note?: string;
  readonly compatDate?: string;
  readonly flags?: readonly string[];
  readonly kvClass?: boolean;
  /** Takes long on a real clock. */
  readonly slow?: boolean;
}

/** A program that has no recorded result: the real platform is asked each time. */
export type ClassProgram = Pick<RuntimeCase, "name" | "do" | "driver" | "compatDate" | "flags"> & {
  /** More classes of the source that the worker exports. */
  readonly exports?: readonly string[];
};

/** What the class sees as `cloudflare:workers`. */
export interface RuntimeModule {
  readonly DurableObject: unknown;
  readonly RpcTarget: unknown;
}

export interface RuntimeCaseHost {
  /** The namespace of X, empty. */
  readonly namespace: unknown;
  readonly uniqueKey: string;
}

/** The classes of a case, and what its driver observes once a host is there. */
export function prepareRuntimeCase(
  recorded: ClassProgram,
  { DurableObject, RpcTarget }: RuntimeModule,
): { readonly classes: Record<string, object>; readonly run: (host: RuntimeCaseHost) => Promise<unknown> } {
  // A call each time: timers are gated by replacing the globals while a host is open.
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const shared = {};
  const make = (parameters: string, body: string) => new Function(...parameters.split(" "), body);
  const names = ["X", ...(recorded.exports ?? [])].join(", ");
  const classes = make(
    "DurableObject RpcTarget sleep G T",
    `${recorded.do}\nreturn { ${names} };`,
  )(...[DurableObject, RpcTarget, sleep, shared, told]);
  const driver = make("G sleep T", `return (${recorded.driver});`)(shared, sleep, told);
  const run = async ({ namespace, uniqueKey }: RuntimeCaseHost): Promise<unknown> =>
    toJson(await driver({ ns: namespace, T: told, sleep, uniqueKey }));
  return { classes, run };
}

/** `undefined` where JSON has none. */
function toJson(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Whether two outcomes are the same; the order of properties is no difference. */
export function sameOutcome(actual: unknown, expected: unknown): boolean {
  return sorted(actual) === sorted(expected);
}

function sorted(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
