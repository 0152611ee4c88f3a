/** object-registry.ts
 * The objects of one namespace that are running. At most one session of an object exists at a time: a new one opens the storage when
 * the one before has let go of it. */
import type { TimelineSource } from "@holdfast/core/contract";
import type { DurableObjectId } from "./durable-object-id.js";
import type { OpenHead } from "./facets/facet-storage.js";
import type { NewFacet } from "./facets/object-facets.js";
import type { InstanceParts } from "./instance-parts.js";
import { ObjectInstance } from "./object-instance.js";
import { HibernatingSockets } from "./web-socket/hibernating-sockets.js";

export type StartParts = Omit<InstanceParts, "parent" | "previous" | "onEnded" | "sockets" | "facets">;

export class ObjectRegistry {
  readonly #startParts: (id: DurableObjectId) => StartParts;
  readonly #running = new Map<string, ObjectInstance>();
  /** The last session of each object that has not let go yet. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Ids of objects that have, or had, facets: of earlier processes looked up once, for the store has no other list than that of everything. */
  readonly #withFacets = new Set<string>();
  #areFacetsKnown: Promise<void> | undefined;
  /** The connections of objects that sleep. */
  readonly #sleeping = new Map<string, HibernatingSockets>();

  constructor(startParts: (id: DurableObjectId) => StartParts) {
    this.#startParts = startParts;
  }

  /** The object's session, begun if there is none. */
  get(id: DurableObjectId): ObjectInstance {
    const key = id.toString();
    return this.#running.get(key) ?? this.#begin(key, this.#startParts(id), { wake: () => this.get(id) });
  }

  #begin(
    key: string,
    start: StartParts,
    { wake, parent, onEnded }: { wake(): ObjectInstance; readonly parent?: ObjectInstance; onEnded?(): void },
  ): ObjectInstance {
    const { now } = start.session;
    const sockets = this.#sleeping.get(key) ?? new HibernatingSockets({ now, wake });
    this.#sleeping.delete(key);
    const instance: ObjectInstance = new ObjectInstance({
      ...start,
      parent,
      sockets,
      facets: {
        begin: (object, facet) => this.#beginFacet(start, object, facet),
        released: (objectId) => this.#ending.get(objectId) ?? Promise.resolve(),
        mayHaveFacets: (objectId) => this.#mayHaveFacets(objectId, start),
        openHeads: (objectId) => this.#openHeads(objectId),
      },
      previous: this.#ending.get(key) ?? Promise.resolve(),
      onEnded: () => {
        if (instance.isEvicted && sockets.hasState) this.#sleeping.set(key, sockets);
        this.#ended(key, instance);
        onEnded?.();
      },
    });
    this.#running.set(key, instance);
    return instance;
  }

  /** A facet is reached through its object, whose session outlasts its own: it never wakes by itself. */
  #beginFacet(object: StartParts, parent: ObjectInstance, { objectId, start, onEnded }: NewFacet): ObjectInstance {
    const { onAlarm: _, ...session } = object.session;
    this.#withFacets.add(object.session.objectId);
    const parts = { ...object, session: { ...session, objectId }, start, onAlarmFound() {}, onNoRetry() {} };
    const facet: ObjectInstance = this.#begin(objectId, parts, { wake: () => facet, parent, onEnded: () => onEnded(facet) });
    return facet;
  }

  async #mayHaveFacets(objectId: string, { session }: StartParts): Promise<boolean> {
    if (session.backend.kind !== "sqlite") return false;
    this.#areFacetsKnown ??= this.#lookForFacets(session.backend.timelines);
    try {
      await this.#areFacetsKnown;
    } catch (error) {
      this.#areFacetsKnown = undefined; // the next one looks again
      throw error;
    }
    return this.#withFacets.has(objectId);
  }

  async #lookForFacets(timelines: TimelineSource): Promise<void> {
    for await (const id of timelines.list()) {
      for (let point = id.indexOf("."); point >= 0; point = id.indexOf(".", point + 1)) this.#withFacets.add(id.slice(0, point));
    }
  }

  #openHeads(objectId: string): Map<string, OpenHead> {
    const heads = new Map<string, OpenHead>();
    for (const [key, instance] of this.#running) {
      const head = key === objectId || key.startsWith(`${objectId}.`) ? instance.openHead : undefined;
      if (head) heads.set(key, head);
    }
    return heads;
  }

  get pendingCalls(): number {
    let count = 0;
    for (const instance of this.#running.values()) count += instance.pendingCalls;
    return count;
  }

  /** Ends the connections of objects that sleep. */
  disconnectSleeping(): void {
    for (const sockets of this.#sleeping.values()) sockets.disconnect();
    this.#sleeping.clear();
  }

  /** Ends every session; what they wrote is durable when it resolves. @throws the first failure, after all have ended */
  async close(): Promise<void> {
    this.disconnectSleeping();
    const results = await Promise.allSettled([...this.#running.values()].map((instance) => instance.close()));
    await Promise.all(this.#ending.values());
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
