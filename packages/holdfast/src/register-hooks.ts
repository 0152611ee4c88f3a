/** The loader's side of `register.ts` on Node without synchronous hooks: runs in a thread of its own. */
let resolved: string;

export function initialize(data: { readonly resolved: string }): void {
  resolved = data.resolved;
}

export async function resolve(
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => Promise<unknown>,
): Promise<unknown> {
  return specifier === "cloudflare:workers" ? { url: resolved, shortCircuit: true } : next(specifier, context);
}
