/** Sessions of either kind of storage, as a host runs them. */
import { type SessionParts, StorageSession } from "../api/storage-session.js";
import type { KvBackend, SqliteBackend } from "../contract/index.js";
import { LegacySession } from "./legacy-session.js";

export type ObjectSession = StorageSession | LegacySession;

export type ObjectSessionParts = Omit<SessionParts, "backend"> & { readonly backend: SqliteBackend | KvBackend };

/** Begins a session. @throws HoldfastError, as a rejection, if the storage cannot be opened */
export function openSession(parts: ObjectSessionParts): Promise<ObjectSession> {
  const { backend } = parts;
  return backend.kind === "sqlite" ? StorageSession.open({ ...parts, backend }) : LegacySession.open({ ...parts, backend });
}
