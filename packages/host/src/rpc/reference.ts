/** rpc/reference.ts
 * What a caller holds of something on the other side: callable, awaitable, and everything it has can be reached through it before it has
 * arrived (`spec/runtime` §6).
 *
 *   stub.method(1)  ──▶ result: thenable ──▶ result.inner(2)         pipelining: goes on with what the result turns out to be
 *   stub.getter     ──▶ member: thenable, reads it                   stub.getter.deeper
 *
 * A reference to a function or an `RpcTarget` of an object runs as an event of that object, in the scope that handed it out. */
import { isHoldfastError, type Scope } from "@holdfast/core";
import { currentObject } from "../current-object.js";
import { toRemoteError } from "../error-transport.js";
import { ungated } from "../gated-globals.js";
import type { ObjectInstance } from "../object-instance.js";
import { copyAcross, markReference } from "./copy.js";
import { reach } from "./members.js";

/** The other side: follows a path there, and calls what it leads to if there are arguments. */
export interface Remote {
  use(path: readonly string[], args: readonly unknown[] | undefined): Promise<unknown>;
}

/** A member of a remote, not yet read. */
export function member(remote: Remote, path: readonly string[]): unknown {
  let reading: Promise<unknown> | undefined;
  const read = () => {
    reading ??= remote.use(path, undefined);
    return reading;
  };
  return thenable({
    promise: read,
    get: (key) => member(remote, [...path, key]),
    call: (args) => call(remote, path, args),
  });
}

/** Calls a member; what comes back is a result that can be used before it is there. */
function call(remote: Remote, path: readonly string[], args: readonly unknown[]): unknown {
  let sent: Promise<unknown>;
  try {
    sent = remote.use(path, copyAcross([...args], wrap));
  } catch (error) {
    sent = Promise.reject(error);
  }
  return watchedResult(sent, path);
}

/** As on the platform, a failure that nobody looks at is logged and ends nothing. */
function watchedResult(promise: Promise<unknown>, path: readonly string[]): unknown {
  let isUsed = false;
  promise.catch((error) => {
    if (isHoldfastError(error) && error.code === "HOLDFAST_CLOSED") return;
    const log = () => console.error(`Uncaught from ${path.at(-1) ?? "a function"}() of a Durable Object:`, error);
    ungated.setTimeout(() => isUsed || log(), 0); // whoever awaits the result looks at it a little later
  });
  return result(promise, [], () => {
    isUsed = true;
  });
}

/** What a call will bring; a path goes on from there. */
function result(promise: Promise<unknown>, path: readonly string[] = [], onUse: () => void = () => {}): unknown {
  const walk = (value: unknown) => {
    let owner: unknown;
    let found = value;
    for (const name of path) {
      owner = found;
      found = (owner as Record<string, unknown>)[name];
    }
    return { owner, found };
  };
  const arrived = path.length === 0 ? promise : undefined;
  return thenable({
    promise: () => {
      onUse();
      return arrived ?? promise.then((value) => walk(value).found);
    },
    get: (key) => result(promise, [...path, key], onUse),
    call: (args) => {
      onUse();
      const called = promise.then((value) => {
        const { owner, found } = walk(value);
        return Reflect.apply(found as (...args: unknown[]) => unknown, owner, args);
      });
      return watchedResult(called, path);
    },
  });
}

interface ThenableParts {
  promise(): Promise<unknown>;
  get(key: string): unknown;
  call(args: unknown[]): unknown;
}

const PROMISE_METHODS: ReadonlySet<string> = new Set(["then", "catch", "finally"]);

function thenable({ promise, get, call }: ThenableParts): unknown {
  return markReference(
    new Proxy(function handle() {}, {
      apply: (_target, _this, args) => call(args),
      get: (target, key) => {
        if (typeof key === "symbol") return Reflect.get(target, key);
        if (!PROMISE_METHODS.has(key)) return get(key);
        return (...callbacks: never[]) => Reflect.apply(Reflect.get(promise(), key) as never, promise(), callbacks);
      },
      has: () => true,
    }),
  );
}

/** A reference for the other side. Whoever makes it is whose code runs now. */
function wrap(target: object): unknown {
  const owner = currentObject();
  const remote = owner ? ownedRemote(target, owner, owner.currentScope) : freeRemote(target);
  const reference = new Proxy(function stub() {}, {
    apply: (_target, _this, args) => call(remote, [], args),
    get: (own, key) => {
      if (typeof key === "symbol") return Reflect.get(own, key);
      return key === "then" ? undefined : member(remote, [key]);
    },
    has: () => true,
  });
  if (owner) held.register(reference, owner.busy());
  return markReference(reference);
}

/** An object whose references others hold is not idle. */
const held = new FinalizationRegistry<() => void>((release) => release());

/** Of an object: a call is an event of it. */
function ownedRemote(target: object, owner: ObjectInstance, scope: Scope | undefined): Remote {
  return {
    use: (path, args) => sendFromCaller(() => owner.call(() => answer(target, path, args, true), scope)),
  };
}

/** Of code outside any object. */
function freeRemote(target: object): Remote {
  return { use: (path, args) => sendFromCaller(async () => answer(target, path, args, true)) };
}

/** Runs on the other side: what comes back, or is thrown, is copied there. */
export async function answer(
  target: object,
  path: readonly string[],
  args: readonly unknown[] | undefined,
  enhancedErrors: boolean,
): Promise<unknown> {
  try {
    const value =
      args && path.length === 0 ? await Reflect.apply(target as never, undefined, args) : await reach(target, path, args);
    return copyAcross(value, wrap);
  } catch (error) {
    throw toRemoteError(error, enhancedErrors);
  }
}

/** Sends a call of whoever's code this is: an object's leaves when everything that object has written is durable, and its answer comes back as
 * an event of it. If the object is reset, nothing it did after the doomed write is sent, and nobody is left to tell. */
export function sendFromCaller<T>(send: () => Promise<T>): Promise<T> {
  const caller = currentObject();
  return caller ? caller.await(caller.mayReveal().then(send)) : send();
}
