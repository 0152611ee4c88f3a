/** What classes of the platform look like from outside: members are enumerable, `Symbol.toStringTag` is the name, and they cannot be made or
 * borrowed by applications (`spec/sql` §2). */

/** spec/sql §1 */
const ILLEGAL_INVOCATION =
  "Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

export const illegalInvocation = (): TypeError => new TypeError(ILLEGAL_INVOCATION);
export const illegalConstructor = (): TypeError => new TypeError("Illegal constructor");

/** Gives a class the platform's shape. Call it once, beside the class. */
export function shapeAsPlatform(Class: { readonly name: string; readonly prototype: object }): void {
  const { prototype } = Class;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== "constructor") Object.defineProperty(prototype, name, { enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}
