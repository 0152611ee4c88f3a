import type { SqlStep } from "../src/random-sql.js";
export function runProgram(storage: unknown, steps: readonly SqlStep[]): Promise<unknown[]>;
