/** The module that classes import as `cloudflare:workers` (`spec/runtime` §10). */
import { currentObject } from "./current-object.js";
import { isDurableObjectState } from "./durable-object-state.js";
import { moduleEnvironment } from "./module-environment.js";

/** The base of every Durable Object class that can be called through a stub. */
export class DurableObject<Env = unknown> {
  protected ctx: unknown;
  protected env: Env;

  /** @throws TypeError if `ctx` is not what a host passed to the constructor */
  constructor(...args: [ctx: unknown, env: Env]) {
    const [ctx, env] = args;
    if (!isDurableObjectState(ctx)) {
      throw new TypeError(
        "Failed to construct 'DurableObjectBase': constructor parameter 1 is not of type 'DurableObjectState'.",
      );
    }
    this.ctx = ctx;
    this.env = env;
  }
}

/** The base of what is handed over by reference: its methods and getters can be reached from the other side (`spec/runtime` §6.3). */
export class RpcTarget {}

/** The bindings of the worker whose code is running: in an object, its host's; at module scope, those of the host that loads the module.
 * A live view: what is not there reads as `undefined`. */
export const env: Record<string, unknown> = new Proxy(Object.create(null), {
  get: (_target, key) => Reflect.get(environment(), key),
  has: (_target, key) => Reflect.has(environment(), key),
  ownKeys: () => Reflect.ownKeys(environment()),
  getOwnPropertyDescriptor: (_target, key) => {
    const found = Reflect.getOwnPropertyDescriptor(environment(), key);
    return found && { ...found, configurable: true };
  },
});

function environment(): object {
  return currentObject()?.env ?? moduleEnvironment();
}
