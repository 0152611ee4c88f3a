declare module "cloudflare:workers" {
  export { DurableObject, env } from "@holdfast/host/cloudflare-workers";
}
