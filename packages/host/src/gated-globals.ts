/** gated-globals.ts
 * Timers and `fetch` of code that runs in objects: what they bring comes back as an event of the object, in the scope that asked
 * (`spec/runtime` §1.3, §1.7). Everybody else's calls go to the platform as they are.
 *
 * The globals are replaced while a host is open. What code captured before that, and what the platform does by itself (streams, files,
 * sockets), cannot be gated (parity: gate-ungated). */
import { currentObject } from "./current-object.js";
import { DurableObjectId } from "./durable-object-id.js";
import { gateStreams, markFromOutside } from "./gated-streams.js";
import { provideWebSockets } from "./web-socket/globals.js";
import { behind } from "./web-socket/web-socket.js";

type Callback = (...args: unknown[]) => void;
type AnyFunction = (...args: never[]) => unknown;
type Globals = Record<string, AnyFunction | undefined>;

const SETTERS = { setTimeout: "clearTimeout", setInterval: "clearInterval", setImmediate: "clearImmediate" } as const;

/** Their bodies come in pieces, from outside. */
const BODIES = ["Response", "Request"] as const;
const READERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;

/** What `util.promisify` of Node looks for. */
const PROMISIFIED = Symbol.for("nodejs.util.promisify.custom");

/** `setTimeout(ms, value)` and `setImmediate(value)` as promises, of whatever stands under that name then. */
function promisified(name: string): AnyFunction {
  return (...args: unknown[]) =>
    new Promise((resolve) => {
      const value = args[name === "setImmediate" ? 0 : 1];
      const set = (globalThis as unknown as Globals)[name] as (...given: unknown[]) => unknown;
      set(() => resolve(value), args[0]);
    });
}

/** Put back, in reverse order, when the last host closes. */
let restore: (() => void)[] | undefined;
let hosts = 0;

/** A timer of an object's that has not fired for the last time. */
interface Pending {
  isCleared: boolean;
  finish(): void;
}

const pending = new Map<unknown, Pending>();

/** Replaces the globals until the returned function is called, once for each call. */
export function gateGlobals(): () => void {
  hosts += 1;
  restore ??= install();
  let isLeft = false;
  return () => {
    if (isLeft) return;
    isLeft = true;
    hosts -= 1;
    if (hosts > 0) return;
    for (const undo of restore?.reverse() ?? []) undo();
    restore = undefined;
  };
}

const originals = new Map<string, AnyFunction>();

/** The platform's own timers, also while they are replaced. */
export const ungated = {
  setTimeout: (task: () => void, ms: number): unknown => {
    const set = originals.get("setTimeout") ?? globalThis.setTimeout;
    return Reflect.apply(set, globalThis, [task, ms]);
  },
  clearTimeout: (timer: unknown): void => {
    const clear = originals.get("clearTimeout") ?? globalThis.clearTimeout;
    Reflect.apply(clear, globalThis, [timer]);
  },
} as const;

function install(): (() => void)[] {
  const globals = globalThis as unknown as Globals;
  const undo: (() => void)[] = [];
  const replace = (name: string, make: (original: AnyFunction) => AnyFunction) => {
    const original = globals[name];
    if (typeof original !== "function") return;
    const replaced = make(original);
    originals.set(name, original);
    const { prototype: _, ...descriptors } = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap;
    if (PROMISIFIED in original) descriptors[PROMISIFIED] = { value: promisified(name) };
    Object.defineProperties(replaced, descriptors); // arrow functions have no prototype, and need none
    globals[name] = replaced;
    undo.push(() => {
      originals.delete(name);
      if (globals[name] === replaced) globals[name] = original; // whoever replaced it after us puts it back
    });
  };
  for (const [set, clear] of Object.entries(SETTERS)) {
    replace(clear, gatedClear);
    replace(set, (original) => gatedTimer(original, set === "setInterval"));
  }
  replace(
    "fetch",
    (original) =>
      (...args: never[]) =>
        gatedFetch(original, args),
  );
  for (const body of BODIES) undo.push(...gateReaders(globals[body]?.prototype as Record<string, AnyFunction> | undefined));
  replace("structuredClone", refusingClone);
  undo.push(provideScheduler(), provideWebSockets(), gateStreams());
  return undo;
}

function gatedTimer(original: AnyFunction, repeats: boolean): AnyFunction {
  const clear = originals.get(SETTERS[original.name as keyof typeof SETTERS]) ?? (() => {});
  return (...args: unknown[]) => {
    const [callback, ...rest] = args;
    const object = currentObject();
    if (!object || typeof callback !== "function") return Reflect.apply(original, globalThis, args);
    // With `setImmediate` what follows the callback is arguments, else first the delay.
    const given = original.name === "setImmediate" ? rest : rest.slice(1);
    const scope = object.currentScope;
    const free = object.busy();
    const state: Pending = { isCleared: false, finish: () => {} };
    const fire = () =>
      object.deliver(() => {
        if (state.isCleared) return;
        if (!repeats) state.finish();
        object.runLogged(() => (callback as Callback)(...given));
      }, scope);
    const timer: unknown = Reflect.apply(original, globalThis, original.name === "setImmediate" ? [fire] : [fire, rest[0]]);
    const keep = object.atEnd(() => {
      state.finish();
      Reflect.apply(clear, globalThis, [timer as never]);
    });
    const names = namesOf(timer);
    state.finish = () => {
      for (const name of names) pending.delete(name);
      keep();
      free();
    };
    for (const name of names) pending.set(name, state);
    return timer;
  };
}

/** Node's timers can be cleared by their number too. */
function namesOf(timer: unknown): unknown[] {
  const number = typeof timer === "object" && timer !== null && Symbol.toPrimitive in timer ? Number(timer) : Number.NaN;
  return Number.isNaN(number) ? [timer] : [timer, number];
}

/** Also one that has fired, and waits for its turn. */
function gatedClear(original: AnyFunction): AnyFunction {
  return (...args: unknown[]) => {
    const state = pending.get(typeof args[0] === "string" ? Number(args[0]) : args[0]);
    if (state) {
      state.isCleared = true;
      state.finish();
    }
    return Reflect.apply(original, globalThis, args);
  };
}

/** Leaves when what the object has written is durable; the response is an event of the object. */
function gatedFetch(original: AnyFunction, args: readonly unknown[]): unknown {
  const object = currentObject();
  if (!object) return Reflect.apply(original, globalThis, args);
  const answer = object.mayReveal().then(() => Reflect.apply(original, globalThis, args) as Promise<Response>);
  return object.await(answer.then(markFromOutside));
}

function gateReaders(prototype: Record<string, AnyFunction> | undefined): (() => void)[] {
  if (!prototype) return [];
  return READERS.filter((name) => typeof prototype[name] === "function").map((name) => {
    const original = prototype[name] as AnyFunction;
    prototype[name] = function (this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args) as Promise<unknown>;
      return currentObject()?.await(result) ?? result;
    } as AnyFunction;
    return () => {
      prototype[name] = original;
    };
  });
}

/** The platform's own objects are no values; JavaScript's `structuredClone` takes them for some (`spec/runtime` §5.2). */
function refusingClone(original: AnyFunction): AnyFunction {
  return (...args: unknown[]) => {
    const [value] = args;
    const type = value instanceof DurableObjectId ? "DurableObjectId" : behind(value) && "WebSocket";
    if (type) {
      const text = `Could not serialize object of type "${type}". This type does not support serialization.`;
      throw new DOMException(text, "DataCloneError");
    }
    return Reflect.apply(original, globalThis, args);
  };
}

/** `scheduler.wait(ms)`, which not every platform has. */
function provideScheduler(): () => void {
  const globals = globalThis as { scheduler?: { wait?: (ms: number) => Promise<void> } };
  const existed = globals.scheduler;
  const before = existed?.wait;
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  if (existed) existed.wait = wait;
  else globals.scheduler = { wait };
  return () => {
    if (!existed) delete globals.scheduler;
    else if (before) existed.wait = before;
    else delete existed.wait;
  };
}
