import type { DurableObjectState } from "@holdfast/host";
import { runInside } from "@holdfast/host";

/** Runs `callback` inside the object a stub stands for, as one event of it, with the instance and its `ctx`. What it returns or throws
 * comes back as it is, without a copy (`spec/runtime` §9.1).
 * @throws TypeError for an argument of the wrong kind */
export async function runInDurableObject<O, R>(
  stub: unknown,
  callback: (instance: O, state: DurableObjectState) => R | Promise<R>,
): Promise<R> {
  if (typeof callback !== "function") {
    throw new TypeError("Failed to execute 'runInDurableObject': parameter 2 is not of type 'function'.");
  }
  return (await runInside(stub, (instance, state) => callback(instance as O, state))) as R;
}
