/** What one session of an object is made of. */
import type { ObjectSessionParts } from "@holdfast/core";
import type { Compatibility } from "./compatibility.js";
import type { DurableObjectId } from "./durable-object-id.js";
import type { FacetsParts, NewFacet } from "./facets/object-facets.js";
import type { ObjectInstance } from "./object-instance.js";
import type { HibernatingSockets } from "./web-socket/hibernating-sockets.js";

export type DurableObjectClass = new (ctx: never, env: never) => object;

/** What a session begins with. */
export interface Startup {
  readonly Class: DurableObjectClass;
  /** `ctx.id`; a facet's may be any text. */
  readonly id: DurableObjectId | string;
  /** `ctx.props`. */
  readonly props: unknown;
  /** `ctx.exports`. */
  readonly exports: object;
}

export interface InstanceParts {
  readonly env: object;
  readonly compatibility: Compatibility;
  /** The connections that outlive this session, if it is evicted. */
  readonly sockets: HibernatingSockets;
  readonly session: Pick<
    ObjectSessionParts,
    "backend" | "objectId" | "now" | "schedule" | "setTimer" | "deletesAlarm" | "enhancedErrors" | "onAlarm"
  >;
  /** The object that this is a facet of. */
  readonly parent: ObjectInstance | undefined;
  /** The sessions of facets. */
  readonly facets: Pick<FacetsParts, "released" | "mayHaveFacets" | "openHeads"> & {
    begin(parent: ObjectInstance, facet: NewFacet): ObjectInstance;
  };
  start(): Promise<Startup>;
  /** Resolves when the session before has let go of the storage. */
  readonly previous: Promise<void>;
  /** What the alarm is set for as the session begins. */
  onAlarmFound(alarm: number | null): void;
  /** An `abort()` that wants no retry of the alarm that is running. */
  onNoRetry(): void;
  /** The session is over: closed, evicted or broken. */
  onEnded(): void;
}
