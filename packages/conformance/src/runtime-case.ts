/** runtime-case.ts
 * Replays one recorded case of `cases/runtime-cases.json`: a class and a driver that calls it from outside, both as source. */
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

/** The class of a case, and what its driver observes once a host is there. */
export function prepareRuntimeCase(
  recorded: RuntimeCase,
  { DurableObject, RpcTarget }: RuntimeModule,
): { readonly X: object; readonly run: (host: RuntimeCaseHost) => Promise<unknown> } {
  // A call each time: timers are gated by replacing the globals while a host is open.
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const shared = {};
  const make = (parameters: string, body: string) => new Function(...parameters.split(" "), body);
  const X = make("DurableObject RpcTarget sleep G", `${recorded.do}\nreturn X;`)(DurableObject, RpcTarget, sleep, shared);
  const driver = make("G sleep", `return (${recorded.driver});`)(shared, sleep);
  const run = async ({ namespace, uniqueKey }: RuntimeCaseHost): Promise<unknown> =>
    toJson(await driver({ ns: namespace, T: told, sleep, uniqueKey }));
  return { X, run };
}

/** `undefined` where JSON has none. */
function toJson(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

/** What became of a call: its value, or the parts of its error that callers see. */
async function told(call: () => unknown): Promise<unknown> {
  try {
    return { ok: await call() };
  } catch (error) {
    if (!(error instanceof Error)) return { err: { thrown: withoutId(error) } };
    const flags = Object.fromEntries(
      ["remote", "retryable", "overloaded", "durableObjectReset", "code"]
        .filter((name) => name in error && (error as unknown as Record<string, unknown>)[name] !== undefined)
        .map((name) => [name, (error as unknown as Record<string, unknown>)[name]]),
    );
    return { err: { name: error.name, message: error.message, ...flags } };
  }
}

function withoutId(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { durableObjectId: _, ...rest } = value as Record<string, unknown>;
  return rest;
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
