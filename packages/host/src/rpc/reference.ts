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
import { copyAcross, copyArguments, markReference } from "./copy.js";
import { reach } from "./members.js";

/** At least one step. */
type Path = readonly [string, ...string[]];

/** The other side: follows a path there, and calls what it leads to if there are arguments. */
export interface Remote {
  use(path: readonly string[], args: readonly unknown[] | undefined): Promise<unknown>;
}

/** A member of a remote, not yet read. */
export function member(remote: Remote, path: Path): unknown {
  return handle(new Member(remote, path));
}

/** Calls a member; what comes back is a result that can be used before it is there. */
function call(remote: Remote, path: readonly string[], args: readonly unknown[]): unknown {
  let sent: Promise<unknown>;
  try {
    sent = remote.use(path, copyArguments(args, wrap));
  } catch (error) {
    sent = Promise.reject(error);
  }
  return watchedResult(sent, path);
}

/** As on the platform, a failure that nobody looks at is logged and ends nothing. */
function watchedResult(promise: Promise<unknown>, path: readonly string[]): unknown {
  const use = { isSeen: false };
  promise.catch((error) => {
    if (isHoldfastError(error) && error.code === "HOLDFAST_CLOSED") return;
    const log = () => console.error(`Uncaught from ${path.at(-1) ?? "a function"}() of a Durable Object:`, error);
    ungated.setTimeout(() => use.isSeen || log(), 0); // whoever awaits the result looks at it a little later
  });
  return handle(new Result(promise, [], use));
}

const PROMISE_METHODS: ReadonlySet<string> = new Set(["then", "catch", "finally"]);

/** What stands behind a handle: a promise of it, what a property of it is, and what calling it does. */
abstract class Handle implements ProxyHandler<() => void> {
  abstract promise(): Promise<unknown>;
  abstract property(key: string): unknown;
  abstract called(args: unknown[]): unknown;

  apply(_target: unknown, _this: unknown, args: unknown[]): unknown {
    return this.called(args);
  }

  get(target: object, key: string | symbol): unknown {
    if (typeof key === "symbol") return Reflect.get(target, key);
    if (!PROMISE_METHODS.has(key)) return this.property(key);
    const promise = this.promise();
    return (...callbacks: never[]) => Reflect.apply(Reflect.get(promise, key) as never, promise, callbacks);
  }

  has(): boolean {
    return true;
  }
}

class Member extends Handle {
  readonly #remote: Remote;
  readonly #path: Path;
  #reading: Promise<unknown> | undefined;

  constructor(remote: Remote, path: Path) {
    super();
    this.#remote = remote;
    this.#path = path;
  }

  promise(): Promise<unknown> {
    this.#reading ??= this.#remote.use(this.#path, undefined);
    return this.#reading;
  }

  property(key: string): unknown {
    return member(this.#remote, [...this.#path, key]);
  }

  called(args: unknown[]): unknown {
    return call(this.#remote, this.#path, args);
  }
}

/** What a call will bring; a path goes on from there. */
class Result extends Handle {
  readonly #arriving: Promise<unknown>;
  readonly #path: readonly string[];
  /** Of the call: whether somebody looks at what becomes of it. */
  readonly #use: { isSeen: boolean };

  constructor(arriving: Promise<unknown>, path: readonly string[], use: { isSeen: boolean }) {
    super();
    this.#arriving = arriving;
    this.#path = path;
    this.#use = use;
  }

  promise(): Promise<unknown> {
    this.#use.isSeen = true;
    return this.#path.length === 0 ? this.#arriving : this.#arriving.then((value) => this.#walk(value).found);
  }

  property(key: string): unknown {
    return handle(new Result(this.#arriving, [...this.#path, key], this.#use));
  }

  called(args: unknown[]): unknown {
    this.#use.isSeen = true;
    const called = this.#arriving.then((value) => {
      const { owner, found } = this.#walk(value);
      return Reflect.apply(found as (...args: unknown[]) => unknown, owner, args);
    });
    return watchedResult(called, this.#path);
  }

  #walk(value: unknown): { owner: unknown; found: unknown } {
    let owner: unknown;
    let found = value;
    for (const name of this.#path) {
      owner = found;
      found = (owner as Record<string, unknown>)[name];
    }
    return { owner, found };
  }
}

function handle(behind: Handle): unknown {
  return markReference(new Proxy(function handle() {}, behind));
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

const isPath = (path: readonly string[]): path is Path => path.length > 0;

/** Runs on the other side: what comes back, or is thrown, is copied there. */
export async function answer(
  target: object,
  path: readonly string[],
  args: readonly unknown[] | undefined,
  enhancedErrors: boolean,
): Promise<unknown> {
  try {
    const value = isPath(path) ? reach(target, path, args) : Reflect.apply(target as never, undefined, args ?? []);
    return copyAcross(await value, wrap);
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
