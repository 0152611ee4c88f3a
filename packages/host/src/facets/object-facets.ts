/** facets/object-facets.ts
 * The facets of one session of an object: objects of other classes that live inside it, each with storage of its own.
 *
 * 1. A facet starts at the first call of a stub of it; what to start is asked of the object then, and not again while it runs.
 * 2. One that could not start stays failed until it is aborted or deleted.
 * 3. Its sessions end with the object's, and their work keeps the object in memory.
 * 4. Deleting and copying are ordered: what starts afterwards finds it done, and nothing the object sends overtakes it. */
import type { Scope } from "@holdfast/core";
import type { TimelineSource } from "@holdfast/core/contract";
import { runAsNobody } from "../current-object.js";
import { DurableObjectId } from "../durable-object-id.js";
import { makeFacetStub } from "../durable-object-stub.js";
import type { Startup } from "../instance-parts.js";
import type { ObjectInstance } from "../object-instance.js";
import { classBehind } from "./durable-object-class.js";
import { copyFacet, deleteBelow, deleteFacet, facetId, type OpenHead } from "./facet-storage.js";

/** Of a facet in a facet in a facet, and the object. */
const MAX_DEPTH = 4;

export interface NewFacet {
  readonly objectId: string;
  start(): Promise<Startup>;
  /** Its session is over. */
  onEnded(facet: ObjectInstance): void;
}

export interface FacetsParts {
  /** The object's session. */
  readonly parent: ObjectInstance;
  readonly objectId: string;
  /** 1 for an object of a namespace. */
  readonly depth: number;
  readonly enhancedErrors: boolean;
  readonly timelines: TimelineSource;
  /** Begins the session of a facet. */
  begin(facet: NewFacet): ObjectInstance;
  /** Resolves when no session has the timeline of this id open any more. */
  released(objectId: string): Promise<void>;
  /** Whether an object may have facets, in this session or an earlier one. */
  mayHaveFacets(objectId: string): Promise<boolean>;
  /** What is open of a facet and below. */
  openHeads(objectId: string): ReadonlyMap<string, OpenHead>;
  /** Keeps what the object sends back until it is called. */
  holdOutput(): () => void;
  /** How the object itself was begun. */
  readonly startup: Startup;
}

export class ObjectFacets {
  readonly #parts: FacetsParts;
  readonly #begun = new Map<string, ObjectInstance>();
  /** Rule 4. */
  #changes: Promise<void> = Promise.resolve();
  #failed: { readonly error: unknown } | undefined;

  constructor(parts: FacetsParts) {
    this.#parts = parts;
  }

  /** Resolves when every deletion and copy is done. @throws why one of them failed, as a rejection */
  get settled(): Promise<void> {
    return this.#changes.then(() => {
      if (this.#failed) throw this.#failed.error;
    });
  }

  stub(name: string, getStartupOptions: () => unknown): object {
    return makeFacetStub(() => this.#connect(name, getStartupOptions), this.#parts.enhancedErrors);
  }

  /** Ends the session of a facet, if there is one. */
  abort(name: string, reason: unknown): void {
    const facet = this.#begun.get(name);
    this.#begun.delete(name);
    facet?.reset(reason);
  }

  delete(name: string): void {
    this.abort(name, new Error("Facet was deleted."));
    const { objectId, timelines, released } = this.#parts;
    this.#change(() => deleteFacet(timelines, facetId(objectId, name), released));
  }

  clone(source: string, target: string): void {
    if (source === target) return;
    const { objectId, timelines, released, openHeads } = this.#parts;
    this.abort(target, new Error("Facet was cloned-over."));
    const [from, to] = [facetId(objectId, source), facetId(objectId, target)];
    const open = openHeads(from);
    this.#change(async () => {
      await deleteFacet(timelines, to, released);
      await copyFacet(timelines, { from, to, open });
    });
  }

  /** `storage.deleteAll()` of the object. */
  deleteAll(): void {
    for (const name of [...this.#begun.keys()]) this.abort(name, new Error("Facet was deleted."));
    const { objectId, timelines, released, mayHaveFacets } = this.#parts;
    this.#change(async () => {
      if (await mayHaveFacets(objectId)) await deleteBelow(timelines, objectId, released);
    });
  }

  /** Rule 3. */
  end(error: unknown): void {
    for (const facet of this.#begun.values()) facet.reset(error);
    this.#begun.clear();
  }

  #connect(name: string, getStartupOptions: () => unknown): ObjectInstance {
    const begun = this.#begun.get(name);
    if (begun) return begun;
    const { parent, objectId, begin } = this.#parts;
    const scope = parent.currentScope;
    const facet = begin({
      objectId: facetId(objectId, name),
      start: () => this.#start(getStartupOptions, scope),
      onEnded: (ended) => {
        const stays = !ended.isEvicted && !ended.hasStarted; // rule 2
        if (!stays && this.#begun.get(name) === ended) this.#begun.delete(name);
      },
    });
    this.#begun.set(name, facet);
    return facet;
  }

  /** Rule 1. The object's code answers in the scope that called. */
  async #start(getStartupOptions: () => unknown, scope: Scope | undefined): Promise<Startup> {
    const { parent, depth, startup } = this.#parts;
    if (depth >= MAX_DEPTH) {
      throw new Error(`Facet nesting depth limit exceeded. The maximum depth including the root Durable Object is ${MAX_DEPTH}.`);
    }
    await this.#changes;
    const options = (await parent.ask(getStartupOptions, scope)) as { class?: unknown; id?: unknown } | undefined | null;
    if (options === undefined || options === null) {
      throw new TypeError(
        "Cannot initialize N7workerd3api19DurableObjectFacets14StartupOptionsE with required members from an undefined or null value.",
      );
    }
    const found = classBehind(options.class);
    if (!found) {
      throw new TypeError(
        "Incorrect type for the 'class' field on 'StartupOptions': the provided value is not of type 'DurableObjectClass or LoopbackDurableObjectNamespace or LoopbackColoLocalActorNamespace'.",
      );
    }
    const { id } = options;
    const ownId = id === undefined || id instanceof DurableObjectId ? id : String(id);
    return { ...startup, Class: found.Class, props: found.props, id: ownId ?? startup.id };
  }

  #change(action: () => Promise<void>): void {
    const release = this.#parts.holdOutput();
    this.#changes = this.#changes
      .then(() => runAsNobody(action))
      .then(release, (error) => {
        this.#failed ??= { error };
        this.#parts.parent.reset(error);
      });
  }
}
