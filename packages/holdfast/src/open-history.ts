/** An object's history, for tools. */
import { type ObjectHistory, openHistory as openHistoryOf } from "@holdfast/core";
import { type BackendOptions, openBackend } from "./backend.js";
import { type PlatformOptions, platform } from "./platform.js";

export interface OpenHistoryOptions extends BackendOptions, PlatformOptions {
  /** Which object, as the store calls it: of a host, `<worker>-<class>/<id>`. */
  readonly id: string;
}

/** Reads an object's history, also while another process has it open for writing: as far as it is durable now. Never writes.
 * @throws HoldfastError, as a rejection: `HOLDFAST_USAGE`, `HOLDFAST_LOG_CORRUPT` */
export async function openHistory(options: OpenHistoryOptions): Promise<ObjectHistory> {
  const { backend, close } = openBackend(options, platform(options));
  try {
    return await openHistoryOf({ backend, objectId: options.id, onClosed: close });
  } catch (error) {
    await close();
    throw error;
  }
}
