export function speedClass(Base: unknown): new (ctx: never, env: never) => object;
export function runSpeed(stub: unknown, method: string, count: number, others?: unknown[]): Promise<void>;
