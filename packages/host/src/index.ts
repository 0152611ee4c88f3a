/** `@holdfast/host`: runs Durable Object classes in this process. Most people want `openHost` of `holdfast`. */

export type { CompatibilityOptions } from "./compatibility.js";
export type { AsyncContext } from "./current-object.js";
export { DurableObjectId } from "./durable-object-id.js";
export { DurableObjectNamespace, type GetOptions } from "./durable-object-namespace.js";
export { DurableObjectState } from "./durable-object-state.js";
export { type DurableObjectStub, runInside } from "./durable-object-stub.js";
export type { FacetStartupOptions, FacetStub } from "./facets/durable-object-facets.js";
export { ungated } from "./gated-globals.js";
export { type DurableObjectBinding, Host, type HostOptions, type HostParts, type WorkerModule } from "./host.js";
export type { ObjectWebSocket, RequestResponsePair } from "./web-socket/object-web-socket.js";
