/** `node --import holdfast/register app.js`: makes `import "cloudflare:workers"` find holdfast's module. */
import * as nodeModule from "node:module";

const resolved = import.meta.resolve("@holdfast/host/cloudflare-workers");

type Resolve = (
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => { url: string },
) => { url: string };

/** Synchronous hooks, Node 22.15 and newer. */
const { registerHooks } = nodeModule as { registerHooks?: (hooks: { resolve: Resolve }) => void };

if (registerHooks) {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "cloudflare:workers" ? ({ url: resolved, shortCircuit: true } as { url: string }) : next(specifier, context),
  });
} else {
  nodeModule.register("./register-hooks.js", { parentURL: import.meta.url, data: { resolved } });
}
