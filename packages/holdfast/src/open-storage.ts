/** Storage of one object, without a host. */
import { type DurableObjectStorage, StorageSession } from "@holdfast/core";
import { HoldfastError } from "@holdfast/core/contract";
import { type BackendOptions, type OwnedBackend, openBackend } from "./backend.js";
import { type Platform, type PlatformOptions, platform } from "./platform.js";

export interface OpenStorageOptions extends BackendOptions, PlatformOptions {
  /** Which object; any text. */
  readonly id: string;
}

/** Opens an object's storage: SQL, both key-value interfaces, transactions and point-in-time recovery. A transaction runs from its first
 * write to the next macrotask; a write is durable when `await storage.sync()`, or closing, resolves.
 * @throws HoldfastError, as a rejection: `HOLDFAST_USAGE`, `HOLDFAST_LOG_CORRUPT`, `HOLDFAST_STORE_FAILED` */
export async function openStorage(options: OpenStorageOptions): Promise<OpenedStorage> {
  if (typeof options?.id !== "string" || options.id === "") {
    throw new HoldfastError("HOLDFAST_USAGE", "openStorage needs an `id`: a text that names the object.");
  }
  const system = platform(options);
  const owned = openBackend(options, system);
  return new OpenedStorage(options.id, owned, system, await openSession(options.id, owned, system));
}

export class OpenedStorage implements AsyncDisposable {
  readonly #id: string;
  readonly #owned: OwnedBackend;
  readonly #system: Platform;
  #session: StorageSession;
  #closed: Promise<void> | undefined;

  /** Made by {@link openStorage}. */
  constructor(id: string, owned: OwnedBackend, system: Platform, session: StorageSession) {
    this.#id = id;
    this.#owned = owned;
    this.#system = system;
    this.#session = session;
  }

  /** The present session's storage. After {@link restart} it is another object, and the earlier one refuses every call. */
  get storage(): DurableObjectStorage {
    return this.#session.storage;
  }

  /** Ends the session and begins the next one, which carries out an armed restore. @throws HoldfastError, as a rejection */
  async restart(): Promise<void> {
    if (this.#closed) throw new HoldfastError("HOLDFAST_CLOSED", "This storage is closed. Open it again.");
    await this.#session.close();
    this.#session = await openSession(this.#id, this.#owned, this.#system);
  }

  /** Ends the session; everything written is durable when it resolves. Idempotent. @throws HoldfastError, as a rejection */
  close(): Promise<void> {
    this.#closed ??= this.#session.close().finally(() => this.#owned.close());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function openSession(objectId: string, { backend }: OwnedBackend, { now, schedule }: Platform): Promise<StorageSession> {
  return StorageSession.open({ backend, objectId, now, schedule });
}
