/** durable-object-stub.ts
 * What callers hold: every property is a method that can be called, or awaited to read a getter (`spec/runtime` §6).
 *
 * 1. Arguments are copied when the call is made, results before they leave the object: the two sides never share anything.
 * 2. A call made by an object leaves when everything that object has written is durable, and its result comes back as an event of it.
 * 3. A stub whose object was reset stays broken; a new stub reaches the next session. */
import { HoldfastError } from "@holdfast/core/contract";
import { currentObject } from "./current-object.js";
import type { DurableObjectId } from "./durable-object-id.js";
import type { DurableObjectState } from "./durable-object-state.js";
import { toRemoteError } from "./error-transport.js";
import type { ObjectInstance } from "./object-instance.js";
import { callMember, readMember } from "./rpc-target.js";

/** A stub for the methods of `T`. */
export type DurableObjectStub<T = unknown> = Remote<T> & { readonly id: DurableObjectId; readonly name?: string };

type Remote<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

type EventBody<T> = (object: object, context: DurableObjectState) => T;
type Deliver = <T>(use: EventBody<T>) => Promise<Awaited<T>>;

const deliverers = new WeakMap<object, Deliver>();

export function makeStub(id: DurableObjectId, connect: () => ObjectInstance): object {
  let connected: ObjectInstance | undefined;
  const deliver: Deliver = (use) => {
    try {
      connected ??= connect();
    } catch (error) {
      return Promise.reject(error); // the host is closed
    }
    return connected.call(use);
  };
  const target = id.name === undefined ? { id } : { id, name: id.name };
  const stub = new Proxy(target, {
    get: (own, key) => {
      if (typeof key === "symbol" || key === "then" || Object.hasOwn(own, key)) return Reflect.get(own, key);
      if (key in Object.prototype) return Reflect.get(own, key);
      if (key === "fetch") return notYet;
      return makeHandle(deliver, key);
    },
    has: () => true,
  });
  deliverers.set(stub, deliver);
  return stub;
}

/** Runs `use` inside the object a stub stands for, as an event of it, with the instance and its `ctx`; nothing is copied.
 * @throws TypeError if `stub` is no stub */
export function runInside<T>(stub: unknown, use: EventBody<T>): Promise<Awaited<T>> {
  const deliver = typeof stub === "object" && stub !== null ? deliverers.get(stub) : undefined;
  if (!deliver) {
    throw new TypeError("Failed to execute 'runInDurableObject': parameter 1 is not of type 'DurableObjectStub'.");
  }
  return deliver(use);
}

/** One member of a remote object: callable, and thenable to read it. */
function makeHandle(deliver: Deliver, name: string): object {
  const call = (...args: unknown[]): Promise<unknown> => {
    let copies: unknown[];
    try {
      copies = structuredClone(args);
    } catch (error) {
      return Promise.reject(error);
    }
    return send(
      deliver,
      copied((object) => callMember(object, name, copies)),
    );
  };
  const read = () =>
    send(
      deliver,
      copied((object) => readMember(object, name)),
    );
  return Object.assign(call, {
    // biome-ignore lint/suspicious/noThenProperty: a handle is awaited to read a getter, as on the platform
    then: (...callbacks: Parameters<Promise<unknown>["then"]>) => read().then(...callbacks),
  });
}

/** Copies what comes back, result or error (rule 1). */
function copied(use: EventBody<unknown>): EventBody<Promise<unknown>> {
  return async (object, context) => {
    try {
      return structuredClone(await use(object, context));
    } catch (error) {
      throw toRemoteError(error);
    }
  };
}

/** Rule 2. */
function send(deliver: Deliver, use: EventBody<Promise<unknown>>): Promise<unknown> {
  const caller = currentObject();
  if (!caller) return deliver(use);
  return new Promise((resolve, reject) => {
    caller.mayReveal().then(
      () =>
        deliver(use).then(
          (value) => caller.deliver(() => resolve(value)),
          (error) => caller.deliver(() => reject(error)),
        ),
      () => {}, // the caller was reset: nothing it did after the doomed write is delivered, and nobody is left to tell
    );
  });
}

function notYet(): never {
  throw new HoldfastError("HOLDFAST_UNSUPPORTED", "stub.fetch() is not available yet; call a method of the class instead.");
}
