/** Which members of an object or an `RpcTarget` a caller reaches, and the errors for the others (`spec/runtime` §6.2). */
import { DurableObject, RpcTarget } from "../cloudflare-workers.js";

const RESERVED: ReadonlySet<string> = new Set(
  "alarm webSocketMessage webSocketClose webSocketError connect dup constructor fetch".split(" "),
);

/** Follows a path from an object or a target, reading getters; the last step is called if `args` are given. At once for a method of the
 * target itself, otherwise a promise.
 * @throws TypeError, or rejects with one, if a step is not there, must not be reached, or is no function */
export function reach(target: object, path: readonly [string, ...string[]], args: readonly unknown[] | undefined): unknown {
  const value = readMember(target, path[0]);
  if (path.length === 1 && args && typeof value === "function") return Reflect.apply(value, target, args);
  return reachFurther(target, value, path, args);
}

async function reachFurther(
  target: object,
  first: unknown,
  path: readonly string[],
  args: readonly unknown[] | undefined,
): Promise<unknown> {
  let owner: unknown = target;
  let value = await first;
  for (const name of path.slice(1)) {
    owner = value;
    value = await readMember(owner, name);
  }
  if (!args) return value;
  if (typeof value !== "function") throw new TypeError(`"${path.at(-1)}" is not a function.`);
  return Reflect.apply(value, owner, args);
}

/** Reads a getter, a method as it stands, or a property of a plain object. @throws TypeError if there is none that may be read */
function readMember(owner: unknown, name: string): unknown {
  if (owner instanceof DurableObject || owner instanceof RpcTarget) return readOfClass(owner, name);
  if (isPlain(owner) && Object.hasOwn(owner, name)) return owner[name];
  if (isRootWithoutBase(owner)) {
    throw new TypeError(
      'The receiving Durable Object does not support RPC, because its class was not declared with `extends DurableObject`. In order to enable RPC, make sure your class extends the special class `DurableObject`, which can be imported from the module "cloudflare:workers".',
    );
  }
  throw notThere(name);
}

function readOfClass(owner: object, name: string): unknown {
  if (RESERVED.has(name)) throw new TypeError(`'${name}' is a reserved method and cannot be called over RPC.`);
  if (!Object.hasOwn(owner, name)) {
    for (let level: object | null = Object.getPrototypeOf(owner); level && !isBase(level); level = Object.getPrototypeOf(level)) {
      const found = Object.getOwnPropertyDescriptor(level, name);
      if (found) return found.get ? Reflect.apply(found.get, owner, []) : found.value;
    }
  }
  throw notThere(name);
}

const isBase = (level: object): boolean => level === DurableObject.prototype || level === RpcTarget.prototype;

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isRootWithoutBase(owner: unknown): boolean {
  return typeof owner === "object" && owner !== null && !isPlain(owner) && !Array.isArray(owner);
}

const notThere = (name: string): TypeError => new TypeError(`The RPC receiver does not implement the method "${name}".`);
