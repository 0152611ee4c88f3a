/** durable-object-stub.ts
 * What callers hold: every property is a method that can be called, or awaited to read a getter (`spec/runtime` §6).
 *
 * 1. Arguments are copied when the call is made, results before they leave the object: the two sides never share anything but references.
 * 2. A call made by an object leaves when everything that object has written is durable, and its result comes back as an event of it.
 * 3. A stub whose object was reset stays broken; a new stub reaches the next session. One whose object was evicted goes on. */
import { currentObject } from "./current-object.js";
import type { DurableObjectId, ObjectId } from "./durable-object-id.js";
import type { DurableObjectState } from "./durable-object-state.js";
import type { ObjectInstance } from "./object-instance.js";
import { markReference, markRefused } from "./rpc/copy.js";
import { fetchObject, markRemote, requestFor } from "./rpc/fetch-object.js";
import { answer, member, type Remote, sendFromCaller } from "./rpc/reference.js";

/** A stub for the methods of `T`. */
export type DurableObjectStub<T = unknown> = Remoted<T> & {
  readonly id: ObjectId;
  readonly name?: string;
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
};

/** Methods, but for those that are not reached by their name, or have a form of their own (`spec/runtime` §6.2). */
type RemoteName<T> = {
  [K in keyof T]: K extends symbol | "fetch" | "alarm" | "webSocketMessage" | "webSocketClose" | "webSocketError"
    ? never
    : T[K] extends (...args: never[]) => unknown
      ? K
      : never;
}[keyof T];

type Remoted<T> = {
  readonly [K in RemoteName<T>]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

type EventBody<T> = (object: object, context: DurableObjectState) => T;
type Deliver = <T>(use: EventBody<T>) => Promise<Awaited<T>>;

const deliverers = new WeakMap<object, Deliver>();

export function makeStub(id: DurableObjectId, connect: () => ObjectInstance, enhancedErrors: boolean): object {
  const own = id.name === undefined ? { id } : { id, name: id.name };
  return markReference(makeProxy(Object.assign(Object.create(STUB_PROTOTYPE), own), connect, enhancedErrors));
}

/** A facet's, which stays where it was made. */
export function makeFacetStub(connect: () => ObjectInstance, enhancedErrors: boolean): object {
  const stub = makeProxy(Object.create(FACET_PROTOTYPE), connect, enhancedErrors);
  return markRefused(stub, "Stubs pointing to Durable Object facets are not serializable.");
}

function makeProxy(own: object, connect: () => ObjectInstance, enhancedErrors: boolean): object {
  let connected: ObjectInstance | undefined;
  const deliver: Deliver = (use) => {
    try {
      if (!connected || connected.isEvicted) connected = connect();
    } catch (error) {
      return Promise.reject(error); // the host is closed
    }
    return connected.call(use);
  };
  const remote: Remote = {
    use: (path, args) => sendFromCaller(() => deliver((object) => answer(object, path, args, enhancedErrors))),
  };
  const fetch = async (...args: unknown[]): Promise<Response> => {
    const request = requestFor(args);
    const caller = currentObject();
    return sendFromCaller(() =>
      deliver((object) => fetchObject(object, request, { enhancedErrors, caller })).catch((error) => {
        throw markRemote(error);
      }),
    );
  };
  const stub = new Proxy(own, {
    get: (target, key) => {
      if (typeof key === "symbol" || key === "then" || key in target) return Reflect.get(target, key);
      return key === "fetch" ? fetch : member(remote, [key]);
    },
    has: () => true,
  });
  deliverers.set(stub, deliver);
  return stub;
}

/** Its members, and those of objects in general, are local and never remote. */
const STUB_PROTOTYPE = Object.create(Object.prototype, {
  [Symbol.toStringTag]: { value: "DurableObject", configurable: true },
});

const FACET_PROTOTYPE = Object.create(Object.prototype, {
  [Symbol.toStringTag]: { value: "Fetcher", configurable: true },
});

/** Runs `use` inside the object a stub stands for, as an event of it, with the instance and its `ctx`; nothing is copied.
 * @throws TypeError if `stub` is no stub */
export function runInside<T>(stub: unknown, use: EventBody<T>): Promise<Awaited<T>> {
  const deliver = typeof stub === "object" && stub !== null ? deliverers.get(stub) : undefined;
  if (!deliver) {
    throw new TypeError("Failed to execute 'runInDurableObject': parameter 1 is not of type 'DurableObjectStub'.");
  }
  return deliver(use);
}
