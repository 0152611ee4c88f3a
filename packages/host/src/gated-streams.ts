/** gated-streams.ts
 * Bodies that come from outside an object: each chunk is an event of it, in the scope that asked (`spec/runtime` §1.3).
 *
 * Only of requests and responses that were marked, and of what is made of their streams: a stream that the object's own code fills is
 * not from outside, and reading it is no event. */
import { currentObject } from "./current-object.js";

type AnyFunction = (...args: never[]) => unknown;
type Prototype = Record<PropertyKey, unknown>;

const bodies = new WeakSet<object>();
const streams = new WeakSet<object>();
const readers = new WeakSet<object>();

/** Says that a request's or response's body comes from outside the objects that get it. */
export function markFromOutside<T extends object>(body: T): T {
  bodies.add(body);
  return body;
}

/** Settles as `result` does, as an event of the object whose code asked. */
function gated(result: unknown): unknown {
  return currentObject()?.await(result as Promise<unknown>) ?? result;
}

function markStream(value: unknown): unknown {
  if (typeof value === "object" && value !== null) streams.add(value);
  return value;
}

function markStreams(pair: unknown): unknown {
  for (const stream of pair as unknown[]) markStream(stream);
  return pair;
}

function markReader(reader: unknown): unknown {
  readers.add(reader as object);
  return reader;
}

/** Until what is returned is called. */
export function gateStreams(): () => void {
  const undo: (() => void)[] = [];
  const globals = globalThis as unknown as Record<string, { prototype: Prototype } | undefined>;
  const replace = (Class: string, key: PropertyKey, make: (original: AnyFunction) => AnyFunction, part: "value" | "get") => {
    const prototype = globals[Class]?.prototype;
    const descriptor = prototype && Object.getOwnPropertyDescriptor(prototype, key);
    const original: unknown = descriptor?.[part];
    if (!prototype || !descriptor || typeof original !== "function") return;
    Object.defineProperty(prototype, key, { ...descriptor, [part]: make(original as AnyFunction) });
    undo.push(() => Object.defineProperty(prototype, key, descriptor));
  };
  /** What is made of something in `from` is looked at too. */
  const follow = (
    Class: string,
    key: PropertyKey,
    from: WeakSet<object>,
    mark: (made: unknown) => unknown,
    part: "value" | "get",
  ) =>
    replace(
      Class,
      key,
      (original) =>
        function (this: object, ...args: never[]) {
          const made = Reflect.apply(original, this, args);
          return from.has(this) ? mark(made) : made;
        },
      part,
    );
  for (const Class of ["Request", "Response"]) {
    follow(Class, "body", bodies, markStream, "get");
    follow(Class, "clone", bodies, (made) => markFromOutside(made as object), "value");
  }
  const Stream = "ReadableStream";
  follow(Stream, "getReader", streams, markReader, "value");
  follow(Stream, "tee", streams, markStreams, "value");
  follow(Stream, "pipeThrough", streams, markStream, "value");
  for (const key of ["values", Symbol.asyncIterator]) follow(Stream, key, streams, gatedIterator, "value");
  for (const Class of ["ReadableStreamDefaultReader", "ReadableStreamBYOBReader"]) {
    follow(Class, "read", readers, gated, "value");
  }
  return () => {
    for (const restore of undo.reverse()) restore();
  };
}

function gatedIterator(made: unknown): unknown {
  const iterator = made as AsyncIterator<unknown>;
  return {
    next: () => gated(iterator.next()),
    return: (value: unknown) => gated(iterator.return?.(value)),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
