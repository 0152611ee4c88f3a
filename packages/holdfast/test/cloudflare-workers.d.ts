declare module "cloudflare:workers" {
  export { DurableObject, env, RpcTarget } from "@holdfast/host/cloudflare-workers";
}

/** What a host provides while it is open. */
declare const WebSocketPair: new () => Record<0 | 1, import("holdfast").ObjectWebSocket>;
