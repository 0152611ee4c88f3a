export function countMicrotasks(ctx: { readonly storage: unknown }): Promise<Record<string, number>>;
