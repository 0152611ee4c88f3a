/** Durable Object classes, run in this process. */
import { memoryKv } from "@holdfast/core";
import type { KvBackend } from "@holdfast/core/contract";
import { type DurableObjectNamespace, Host, type HostOptions } from "@holdfast/host";
import { type BackendOptions, openBackend } from "./backend.js";
import { type PlatformOptions, platform } from "./platform.js";

export interface OpenHostOptions extends HostOptions, BackendOptions, PlatformOptions {
  /** What classes with `storage: "legacy-kv"` are stored in. The caller closes it. Memory if both this and `dir` are left out. */
  readonly legacy?: KvBackend;
}

/** Opens a host for a worker's classes. `E` types `host.env`.
 * @throws HoldfastError, as a rejection: `HOLDFAST_USAGE`, `HOLDFAST_UNSUPPORTED` */
export async function openHost<E extends object = Record<string, DurableObjectNamespace>>(
  options: OpenHostOptions,
): Promise<Host<E>> {
  const system = platform(options);
  const owned = openBackend(options, system);
  const { backend, due } = owned;
  const legacy = options.legacy ?? (options.dir === undefined ? memoryKv() : undefined);
  let host: ClosingHost<E> | undefined;
  try {
    host = new ClosingHost<E>(options, { backend, legacy, due, ...system }, () => owned.close());
    await host.startAlarms();
    return host;
  } catch (error) {
    await Promise.allSettled([(host ?? owned).close()]); // why it could not be opened is what counts
    throw error;
  }
}

/** A host that closes the store it was given with it. */
class ClosingHost<E extends object> extends Host<E> {
  readonly #closeStore: () => Promise<void>;
  #closedAll: Promise<void> | undefined;

  constructor(options: HostOptions, parts: ConstructorParameters<typeof Host>[1], closeStore: () => Promise<void>) {
    super(options, parts);
    this.#closeStore = closeStore;
  }

  override close(): Promise<void> {
    this.#closedAll ??= super.close().finally(() => this.#closeStore());
    return this.#closedAll;
  }
}
