/** host.ts
 * Runs the Durable Object classes of one worker in this process. */
import { HoldfastError, type KvBackend, type SqliteBackend } from "@holdfast/core/contract";
import { type AlarmOutcome, AlarmScheduler } from "./alarm-scheduler.js";
import { type Compatibility, type CompatibilityOptions, compatibility } from "./compatibility.js";
import { type AsyncContext, useAsyncContext } from "./current-object.js";
import { IdFactory } from "./durable-object-id.js";
import { DurableObjectNamespace } from "./durable-object-namespace.js";
import { declareClass, loopbackClass } from "./facets/durable-object-class.js";
import { gateGlobals } from "./gated-globals.js";
import type { DurableObjectClass } from "./instance-parts.js";
import { enterEnvironment } from "./module-environment.js";
import { ObjectRegistry } from "./object-registry.js";

/** The worker's module, or a function that loads it. A function is called once, when the first object starts. */
export type WorkerModule = Record<string, unknown> | (() => Promise<Record<string, unknown>> | Record<string, unknown>);

export interface DurableObjectBinding {
  /** Name of the class as the worker's module exports it. */
  readonly className: string;
  /** The kind of storage; `"sqlite"` if left out. */
  readonly storage?: "sqlite" | "legacy-kv";
}

export interface HostOptions extends CompatibilityOptions {
  readonly worker: WorkerModule;
  /** Binding name to class. */
  readonly durableObjects: Readonly<Record<string, DurableObjectBinding>>;
  /** More properties of `env`. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /** The worker's name, part of what ids are derived from; `""` if left out, as in local development. */
  readonly name?: string;
}

/** What a host runs on. */
export interface HostParts {
  readonly backend: SqliteBackend;
  /** Of classes on legacy key-value storage; absent if there may be none. */
  readonly legacy?: KvBackend | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  random(count: number): Uint8Array;
  /** Queues a macrotask, in order. */
  schedule(task: () => void): void;
  /** Runs a task later; returns how to cancel it. */
  setTimer(task: () => void, ms: number): () => void;
  /** Objects on SQLite whose alarm is set for a time up to `beforeMs`, as the log knows them (T22). */
  due(beforeMs: number, limit: number): AsyncIterable<{ readonly id: string; readonly at: number }>;
  /** Makes an async context, where the platform has one. */
  readonly asyncContext?: () => AsyncContext<unknown>;
}

/** Where an object of a class is. */
interface Place {
  readonly objects: ObjectRegistry;
  readonly ids: IdFactory;
  readonly hex: string;
  readonly kind: "sqlite" | "legacy-kv";
}

/** Bindings of type `E`. */
export class Host<E extends object = Record<string, DurableObjectNamespace>> implements AsyncDisposable {
  /** One namespace for each binding, and the `vars`. */
  readonly env: E;
  /** The namespaces of the classes that have a binding, by the names they are exported under. */
  readonly #bound: Record<string, DurableObjectNamespace> = {};
  /** By class: bindings to one class share its objects. */
  readonly #registries = new Map<string, ObjectRegistry>();
  readonly #kinds = new Map<string, "sqlite" | "legacy-kv">();
  readonly #alarms: AlarmScheduler;
  readonly #compatibility: Compatibility;
  readonly #ungateGlobals: () => void;
  #leaveEnvironment: () => void;
  readonly #parts: HostParts;
  readonly #options: HostOptions;
  #module: Promise<Record<string, unknown>> | undefined;
  #exported: Promise<object> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws HoldfastError `HOLDFAST_UNSUPPORTED`, `HOLDFAST_USAGE` */
  constructor(options: HostOptions, parts: HostParts) {
    this.#options = options;
    this.#parts = parts;
    this.#compatibility = compatibility(options);
    this.#alarms = new AlarmScheduler({
      now: () => parts.now(),
      random: (count) => parts.random(count),
      setTimer: (task, ms) => parts.setTimer(task, ms),
      run: (key, attempt) => this.#runAlarm(key, attempt),
      giveUp: (key, scheduledTime) => this.#giveUpAlarm(key, scheduledTime),
    });
    if (parts.asyncContext) useAsyncContext(parts.asyncContext);
    const namespaces = Object.entries(options.durableObjects).map(
      ([name, binding]) => [name, this.#namespace(name, binding)] as const,
    );
    for (const [name, namespace] of namespaces) {
      this.#bound[(options.durableObjects[name] as DurableObjectBinding).className] = namespace;
    }
    this.env = { ...options.vars, ...Object.fromEntries(namespaces) } as E;
    this.#leaveEnvironment = this.#enterEnvironment();
    this.#ungateGlobals = gateGlobals();
  }

  /** To be called once: from here on objects wake when their alarms are due, also those that were due while nobody was there. No object is
   * opened before. */
  async startAlarms(): Promise<void> {
    const { due, legacy } = this.#parts;
    const [always, all] = [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER];
    for await (const { id, at } of due(always, all)) if (this.#place(id)?.kind === "sqlite") this.#alarms.set(id, at);
    if (!legacy) return;
    for await (const { id, at } of legacy.due(always, all)) if (this.#place(id)?.kind === "legacy-kv") this.#alarms.set(id, at);
  }

  /** Resolves when no call is pending. */
  async idle(): Promise<void> {
    while ([...this.#registries.values()].some((objects) => objects.pendingCalls > 0)) {
      await new Promise<void>((resolve) => this.#parts.schedule(resolve));
    }
  }

  /** Ends every object's session; what they wrote is durable when it resolves. Pending calls fail with `HOLDFAST_CLOSED`. Idempotent.
   * @throws HoldfastError if something could not be made durable */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#alarms.stop();
    this.#leaveEnvironment();
    for (const objects of this.#registries.values()) objects.disconnectSleeping();
    const closed = await Promise.allSettled([...this.#registries.values()].map((objects) => objects.close()));
    this.#ungateGlobals();
    for (const result of closed) if (result.status === "rejected") throw result.reason;
  }

  /** What the log calls an object. */
  #place(key: string): Place | undefined {
    const slash = key.lastIndexOf("/");
    const uniqueKey = key.slice(0, slash);
    const prefix = `${this.#options.name ?? ""}-`;
    const className = uniqueKey.slice(prefix.length);
    const objects = uniqueKey.startsWith(prefix) ? this.#registries.get(className) : undefined;
    if (!objects) return undefined;
    return { objects, ids: new IdFactory(uniqueKey), hex: key.slice(slash + 1), kind: this.#kinds.get(className) ?? "sqlite" };
  }

  async #runAlarm(key: string, attempt: { readonly scheduledTime: number; readonly retryCount: number }): Promise<AlarmOutcome> {
    const place = this.#place(key);
    if (!place || this.#closed) return { kind: "done" };
    return place.objects.get(place.ids.fromString(place.hex)).runAlarm(attempt);
  }

  async #giveUpAlarm(key: string, scheduledTime: number): Promise<void> {
    const place = this.#place(key);
    if (!place || this.#closed) return;
    try {
      await place.objects.get(place.ids.fromString(place.hex)).clearAlarm(scheduledTime);
    } catch (error) {
      console.error(`The alarm of ${key} has failed for good and could not be cleared:`, error);
    }
  }

  #namespace(bindingName: string, binding: DurableObjectBinding): DurableObjectNamespace {
    const { className, storage = "sqlite" } = binding;
    if (storage === "legacy-kv" && !this.#parts.legacy) {
      throw new HoldfastError(
        "HOLDFAST_NEEDS_STORE",
        `Binding '${bindingName}': objects on legacy key-value storage need a backend of their own. Give \`openHost\` one as \`legacy\`.`,
      );
    }
    if ((this.#kinds.get(className) ?? storage) !== storage) {
      throw new HoldfastError(
        "HOLDFAST_USAGE",
        `Binding '${bindingName}': class '${className}' has another kind of storage already.`,
      );
    }
    this.#kinds.set(className, storage);
    const uniqueKey = `${this.#options.name ?? ""}-${className}`;
    let objects = this.#registries.get(className);
    if (!objects) {
      objects = this.#registry(bindingName, className, uniqueKey);
      this.#registries.set(className, objects);
    }
    const { enhancedErrors } = this.#compatibility;
    return new DurableObjectNamespace({ ids: new IdFactory(uniqueKey), objects, random: this.#parts.random, enhancedErrors });
  }

  #registry(bindingName: string, className: string, uniqueKey: string): ObjectRegistry {
    const { backend: sqlite, legacy, now, schedule, setTimer } = this.#parts;
    const backend = this.#kinds.get(className) === "legacy-kv" && legacy ? legacy : sqlite;
    const { deletesAlarm, enhancedErrors } = this.#compatibility;
    return new ObjectRegistry((id) => {
      if (this.#closed) throw new HoldfastError("HOLDFAST_CLOSED", "The host is closed.");
      const objectId = `${uniqueKey}/${id}`;
      const onAlarm = (alarm: number | null, isDurable: boolean) =>
        isDurable ? this.#alarms.set(objectId, alarm) : this.#alarms.expect(objectId, alarm);
      return {
        env: this.env,
        compatibility: this.#compatibility,
        session: { backend, objectId, now, schedule, setTimer, deletesAlarm, enhancedErrors, onAlarm },
        onAlarmFound: (alarm: number | null) => this.#alarms.found(objectId, alarm),
        onNoRetry: () => this.#alarms.noRetry(objectId),
        start: async () => ({ Class: await this.#class(bindingName, className), id, props: {}, exports: await this.#exports() }),
      };
    });
  }

  async #load(): Promise<Record<string, unknown>> {
    const { worker } = this.#options;
    if (typeof worker !== "function") return worker;
    this.#leaveEnvironment();
    this.#leaveEnvironment = this.#enterEnvironment();
    return worker();
  }

  #enterEnvironment(): () => void {
    return enterEnvironment({ env: this.env, compatibility: this.#compatibility });
  }

  /** `ctx.exports`: the worker's classes, as namespaces where they have a binding. */
  #exports(): Promise<object> {
    this.#exported ??= (this.#module as Promise<Record<string, unknown>>).then((module) => {
      const classes = Object.entries(module).filter(([, value]) => isClass(value)) as [string, DurableObjectClass][];
      return Object.fromEntries(
        classes.map(([name, Class]) => {
          const bound = this.#bound[name];
          if (bound) declareClass(bound, Class);
          return [name, bound ?? loopbackClass(Class)];
        }),
      );
    });
    return this.#exported;
  }

  async #class(bindingName: string, className: string): Promise<DurableObjectClass> {
    this.#module ??= this.#load();
    const found = (await this.#module)[className];
    if (typeof found !== "function") {
      throw new HoldfastError("HOLDFAST_USAGE", `Binding '${bindingName}': the worker does not export a class '${className}'.`);
    }
    return found as DurableObjectClass;
  }
}

function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}
