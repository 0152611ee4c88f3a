/** Which members of an object a stub reaches, and the errors for the others (`spec/runtime` §6.2). */
import { DurableObject } from "./cloudflare-workers.js";

const RESERVED: ReadonlySet<string> = new Set(
  "alarm webSocketMessage webSocketClose webSocketError connect dup constructor fetch".split(" "),
);

/** Calls a method of an object's class. @throws TypeError if there is none that may be called */
export function callMember(instance: object, name: string, args: readonly unknown[]): unknown {
  const member = readMember(instance, name);
  if (typeof member !== "function") throw new TypeError(`"${name}" is not a function.`);
  return Reflect.apply(member, instance, args);
}

/** Reads a getter, or a method as it stands. @throws TypeError if there is none that may be read */
export function readMember(instance: object, name: string): unknown {
  if (RESERVED.has(name)) throw new TypeError(`'${name}' is a reserved method and cannot be called over RPC.`);
  if (!(instance instanceof DurableObject)) {
    throw new TypeError(
      'The receiving Durable Object does not support RPC, because its class was not declared with `extends DurableObject`. In order to enable RPC, make sure your class extends the special class `DurableObject`, which can be imported from the module "cloudflare:workers".',
    );
  }
  if (!Object.hasOwn(instance, name)) {
    for (let level: object | null = Object.getPrototypeOf(instance); level && level !== DurableObject.prototype; ) {
      const found = Object.getOwnPropertyDescriptor(level, name);
      if (found) return found.get ? Reflect.apply(found.get, instance, []) : found.value;
      level = Object.getPrototypeOf(level);
    }
  }
  throw new TypeError(`The RPC receiver does not implement the method "${name}".`);
}
