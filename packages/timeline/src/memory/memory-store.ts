/** memory/memory-store.ts
 * A store in memory: for tests, browsers, and objects that need not outlive the process. It keeps every rule of the contract but one:
 * durable means "in this memory". */
import { HoldfastError, type Position } from "@holdfast/core/contract";
import { comparePositions, type Log, type LogReader, type LogStore, NO_POSITION } from "../contract.js";
import { recordAlarm } from "../record/index.js";
import { MemoryLog, type MemoryObject } from "./memory-log.js";

/** A new, empty store. */
export function memoryStore(): LogStore {
  return new MemoryStore();
}

class MemoryStore implements LogStore {
  readonly #objects = new Map<string, MemoryObject>();

  async open(objectId: string): Promise<Log> {
    const object = this.#object(objectId);
    object.epoch += 1;
    object.deleted = false;
    return new MemoryLog(object, objectId);
  }

  async read(objectId: string): Promise<LogReader> {
    return new MemoryLog(this.#objects.get(objectId) ?? newObject(), objectId);
  }

  async fork(objectId: string, at: Position, to: string): Promise<void> {
    const existing = this.#objects.get(to);
    if (existing && !existing.deleted) throw new HoldfastError("HOLDFAST_USAGE", `Cannot fork to '${to}': that object exists.`);
    const records = this.#objects.get(objectId)?.records ?? [];
    const index = records.findIndex(({ position }) => samePlace(position, at));
    if (index < 0) throw new HoldfastError("HOLDFAST_USAGE", `Cannot fork '${objectId}': that position is not in its log.`);
    const copy = this.#object(to);
    copy.records = records.slice(0, index + 1);
    copy.epoch = Math.max(copy.epoch, at.epoch);
    copy.deleted = false;
    copy.forked = copy.records.length;
  }

  async *due(beforeMs: number, limit: number): AsyncGenerator<{ id: string; at: number }> {
    const due: { id: string; at: number }[] = [];
    for (const [id, object] of this.#objects) {
      const at = lastAlarm(object);
      if (at !== null && at <= beforeMs) due.push({ id, at });
    }
    yield* due.sort((a, b) => a.at - b.at).slice(0, limit);
  }

  async *list(prefix = ""): AsyncGenerator<string> {
    const ids = [...this.#objects].filter(([id, object]) => !object.deleted && id.startsWith(prefix)).map(([id]) => id);
    yield* ids.sort();
  }

  async delete(objectId: string): Promise<void> {
    const object = this.#objects.get(objectId);
    if (!object) return;
    object.epoch += 1;
    object.deleted = true;
    object.records = [];
    object.snapshots = [];
    object.forked = 0;
  }

  async close(): Promise<void> {}

  #object(objectId: string): MemoryObject {
    let object = this.#objects.get(objectId);
    if (!object) {
      object = newObject();
      this.#objects.set(objectId, object);
    }
    return object;
  }
}

function newObject(): MemoryObject {
  return { epoch: 0, deleted: false, records: [], snapshots: [], pins: [], forked: 0 };
}

function lastAlarm(object: MemoryObject): number | null {
  for (const { bytes } of object.records.slice(object.forked).reverse()) {
    const alarm = recordAlarm(bytes);
    if (alarm !== undefined) return alarm;
  }
  return null;
}

function samePlace(a: Position, b: Position): boolean {
  return comparePositions(a, b) === 0 && a.checksum === b.checksum && a !== NO_POSITION;
}
