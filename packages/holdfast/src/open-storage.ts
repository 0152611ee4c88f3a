/** Storage of one object, without a host. */
import { type DurableObjectStorage, type SqlRow, StorageSession } from "@holdfast/core";
import { HoldfastError, type PastRestore } from "@holdfast/core/contract";
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
  /** Settles when the last restart has ended. */
  #last: Promise<unknown> = Promise.resolve();

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

  /** Ends the session and begins the next one, which carries out an armed restore. Calls take effect one after the other.
   * @throws HoldfastError, as a rejection, `HOLDFAST_CLOSED`; or why the last turn's writes were lost: the next session is open all the same */
  restart(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#isClosed());
    const result = this.#last.then(() => this.#restart());
    this.#last = result.catch(() => undefined); // told to whoever asked
    return result;
  }

  /** Restores that were carried out when a session of the object began, or could not be, in order. */
  restores(): Promise<PastRestore[]> {
    return this.#open().then((session) => session.restores());
  }

  /** The database at a bookmark as the bytes of an ordinary SQLite file. The present session does not notice.
   * @throws TypeError for text that is no bookmark; Error for one that is not of this object; HoldfastError `HOLDFAST_CLOSED`, as rejections */
  exportAt(bookmark: string): Promise<Uint8Array> {
    return this.#open().then((session) => session.exportAt(bookmark));
  }

  /** The rows of one statement that reads, run on the database at a bookmark. The present session does not notice.
   * @throws as {@link exportAt}; SQLite's errors as `sql.exec` does; HoldfastError `HOLDFAST_USAGE` for a statement that writes, or several */
  queryAt(bookmark: string, sql: string, ...bindings: unknown[]): Promise<SqlRow[]> {
    return this.#open().then((session) => session.queryAt(bookmark, sql, ...bindings));
  }

  /** Ends the session; everything written is durable when it resolves. Idempotent.
   * @throws HoldfastError, as a rejection; or why the last turn's writes were lost */
  close(): Promise<void> {
    this.#closed ??= this.#last.then(() => this.#session.close()).finally(() => this.#owned.close());
    return this.#closed;
  }

  /** The present session, behind restarts that are under way. */
  async #open(): Promise<StorageSession> {
    if (this.#closed) throw this.#isClosed();
    await this.#last;
    return this.#session;
  }

  async #restart(): Promise<void> {
    try {
      await this.#session.close();
    } finally {
      this.#session = await openSession(this.#id, this.#owned, this.#system);
    }
  }

  #isClosed(): HoldfastError {
    return new HoldfastError("HOLDFAST_CLOSED", "This storage is closed. Open it again.");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function openSession(
  objectId: string,
  { backend }: OwnedBackend,
  { now, schedule, setTimer }: Platform,
): Promise<StorageSession> {
  return StorageSession.open({ backend, objectId, now, schedule, setTimer });
}
