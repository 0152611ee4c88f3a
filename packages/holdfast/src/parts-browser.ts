/** What browsers give: `#parts` under the condition `browser`. */
import { HoldfastError } from "@holdfast/core/contract";
import type { AsyncContext } from "@holdfast/host";
import type { LogStore } from "@holdfast/timeline/contract";

/** @throws HoldfastError `HOLDFAST_NEEDS_STORE` always */
export function folderStore(folder: string): LogStore {
  throw new HoldfastError(
    "HOLDFAST_NEEDS_STORE",
    `A browser has no folder '${folder}'. Leave \`dir\` out to keep timelines in memory, or pass a \`store\`.`,
  );
}

export function random(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

const tasks: (() => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => tasks.shift()?.();

/** Queues a macrotask; tasks run in order. */
export function schedule(task: () => void): void {
  tasks.push(task);
  channel.port2.postMessage(undefined);
}

/** Browsers cannot follow code over an `await`. */
export const asyncContext: (() => AsyncContext<unknown>) | undefined = undefined;
