/** error-transport.ts
 * How an error crosses from an object to its caller: copied, and marked as coming from there (`spec/runtime` §4.4). */

/** The copy of what an object's code threw. `enhanced`: by the rules in force for compatibility dates from 2026-04-21 on. */
export function toRemoteError(thrown: unknown, enhanced = true): unknown {
  if (thrown instanceof DOMException) return Object.assign(new DOMException(thrown.message, thrown.name), { remote: true });
  if (!enhanced) return Object.assign(toPlainError(thrown), { remote: true });
  if (typeof thrown === "object" && thrown !== null) {
    const copy = thrown instanceof Error ? copyError(thrown) : copyObject(thrown);
    return Object.assign(copy, { remote: true });
  }
  return Object.assign(new Error(toText(thrown)), { remote: true });
}

/** Class and message; a class of the application's own goes into the message. */
function toPlainError(thrown: unknown): object {
  if (typeof thrown !== "object" || thrown === null) return new Error(toText(thrown));
  if (!(thrown instanceof Error)) return new Error("#<Object>");
  const { name, message } = thrown;
  const Class = standardClass(name);
  return new Class(Class === Error && name !== "Error" ? `${name}: ${message}` : message);
}

/** Class, message, stack, and own properties that can be cloned. An error of a class of the application's own becomes a plain `Error`
 * that keeps its name. */
function copyError(error: Error): Error {
  const { name, message, stack } = error;
  const copy: Error = structuredClone(new (standardClass(name))(message));
  for (const [key, value] of Object.entries(error))
    if (isCloneable(value)) Object.assign(copy, { [key]: structuredClone(value) });
  const hidden = { writable: true, enumerable: false, configurable: true };
  if (copy.name !== name) Object.defineProperty(copy, "name", { value: name, ...hidden });
  if (typeof stack === "string") Object.defineProperty(copy, "stack", { value: stack, ...hidden });
  return copy;
}

function standardClass(name: string): new (message: string) => Error {
  const classes = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
  return classes.find((candidate) => candidate.name === name) ?? Error;
}

function copyObject(thrown: object): object {
  return isCloneable(thrown) ? structuredClone(thrown) : new Error("#<Object>");
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false; // the only way to find out
  }
}

/** The error of a reset, as pending and later callers see it. Never throws, whatever was thrown. */
export function toResetError(cause: unknown): Error {
  const isOpen = cause instanceof Error && Object.isExtensible(cause);
  const error = isOpen ? cause : cause instanceof Error ? copyError(cause) : new Error(toText(cause));
  return Object.assign(error, { durableObjectReset: true });
}

/** `String(value)`; the platform's wording for a value that has no text. */
export function toText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "Cannot convert object to primitive value"; // it has no text, or its own conversion failed
  }
}
