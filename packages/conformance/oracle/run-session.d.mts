export function runSession(
  stub: (object: number) => unknown,
  session: { readonly objects: number; readonly rounds: readonly (readonly object[])[] },
): Promise<{ readonly outcomes: readonly unknown[]; readonly ends: readonly unknown[] }>;
export function roomClass(Base: unknown, other: (env: never, object: number) => unknown): new (ctx: never, env: never) => object;
