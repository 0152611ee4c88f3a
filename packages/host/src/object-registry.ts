/** object-registry.ts
 * The objects of one namespace that are running. At most one session of an object exists at a time: a new one opens the storage when
 * the one before has let go of it. */
import type { DurableObjectId } from "./durable-object-id.js";
import { type InstanceParts, ObjectInstance } from "./object-instance.js";
import { HibernatingSockets } from "./web-socket/hibernating-sockets.js";

export type StartParts = Omit<InstanceParts, "id" | "previous" | "onEnded" | "sockets">;

export class ObjectRegistry {
  readonly #startParts: (id: DurableObjectId) => StartParts;
  readonly #running = new Map<string, ObjectInstance>();
  /** The last session of each object that has not let go yet. */
  readonly #ending = new Map<string, Promise<void>>();
  /** The connections of objects that sleep. */
  readonly #sleeping = new Map<string, HibernatingSockets>();

  constructor(startParts: (id: DurableObjectId) => StartParts) {
    this.#startParts = startParts;
  }

  /** The object's session, begun if there is none. */
  get(id: DurableObjectId): ObjectInstance {
    const key = id.toString();
    const running = this.#running.get(key);
    if (running) return running;
    const start = this.#startParts(id);
    const { now } = start.session;
    const sockets = this.#sleeping.get(key) ?? new HibernatingSockets({ now, wake: () => this.get(id) });
    this.#sleeping.delete(key);
    const instance: ObjectInstance = new ObjectInstance({
      ...start,
      id,
      sockets,
      previous: this.#ending.get(key) ?? Promise.resolve(),
      onEnded: () => {
        if (instance.isEvicted && !sockets.isEmpty) this.#sleeping.set(key, sockets);
        this.#ended(key, instance);
      },
    });
    this.#running.set(key, instance);
    return instance;
  }

  get pendingCalls(): number {
    let count = 0;
    for (const instance of this.#running.values()) count += instance.pendingCalls;
    return count;
  }

  /** Ends every session; what they wrote is durable when it resolves. @throws the first failure, after all have ended */
  async close(): Promise<void> {
    const results = await Promise.allSettled([...this.#running.values()].map((instance) => instance.close()));
    await Promise.all(this.#ending.values());
    for (const sockets of this.#sleeping.values()) sockets.disconnect();
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  #ended(key: string, instance: ObjectInstance): void {
    if (this.#running.get(key) === instance) this.#running.delete(key);
    const { released } = instance;
    this.#ending.set(key, released);
    released.then(() => {
      if (this.#ending.get(key) === released) this.#ending.delete(key);
    });
  }
}
