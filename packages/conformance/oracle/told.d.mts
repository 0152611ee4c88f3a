export function told(call: () => unknown): Promise<unknown>;
