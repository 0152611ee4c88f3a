declare module "cloudflare:workers" {
  export { DurableObject, env, RpcTarget } from "@holdfast/host/cloudflare-workers";
}
