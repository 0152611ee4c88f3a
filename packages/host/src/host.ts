/** host.ts
 * Runs the Durable Object classes of one worker in this process. */
import { HoldfastError, type SqliteBackend } from "@holdfast/core/contract";
import { type AsyncContext, useAsyncContext } from "./current-object.js";
import { IdFactory } from "./durable-object-id.js";
import { DurableObjectNamespace } from "./durable-object-namespace.js";
import { enterEnvironment } from "./module-environment.js";
import type { DurableObjectClass } from "./object-instance.js";
import { ObjectRegistry } from "./object-registry.js";

/** The worker's module, or a function that loads it. A function is called once, when the first object starts. */
export type WorkerModule = Record<string, unknown> | (() => Promise<Record<string, unknown>> | Record<string, unknown>);

export interface DurableObjectBinding {
  /** Name of the class as the worker's module exports it. */
  readonly className: string;
  /** The kind of storage; `"sqlite"` if left out. */
  readonly storage?: "sqlite" | "legacy-kv";
}

export interface HostOptions {
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
  /** Milliseconds since the epoch. */
  now(): number;
  random(count: number): Uint8Array;
  /** Queues a macrotask, in order. */
  schedule(task: () => void): void;
  /** Makes an async context, where the platform has one. */
  readonly asyncContext?: () => AsyncContext<unknown>;
}

/** Bindings of type `E`. */
export class Host<E extends object = Record<string, DurableObjectNamespace>> implements AsyncDisposable {
  /** One namespace for each binding, and the `vars`. */
  readonly env: E;
  /** By class: bindings to one class share its objects. */
  readonly #registries = new Map<string, ObjectRegistry>();
  #leaveEnvironment: () => void;
  readonly #parts: HostParts;
  readonly #options: HostOptions;
  #module: Promise<Record<string, unknown>> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws HoldfastError `HOLDFAST_UNSUPPORTED`, `HOLDFAST_USAGE` */
  constructor(options: HostOptions, parts: HostParts) {
    this.#options = options;
    this.#parts = parts;
    if (parts.asyncContext) useAsyncContext(parts.asyncContext);
    const namespaces = Object.entries(options.durableObjects).map(
      ([name, binding]) => [name, this.#namespace(name, binding)] as const,
    );
    this.env = { ...options.vars, ...Object.fromEntries(namespaces) } as E;
    this.#leaveEnvironment = enterEnvironment(this.env);
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
    this.#leaveEnvironment();
    for (const objects of this.#registries.values()) await objects.close();
  }

  #namespace(bindingName: string, binding: DurableObjectBinding): DurableObjectNamespace {
    if (binding.storage === "legacy-kv") {
      throw new HoldfastError("HOLDFAST_UNSUPPORTED", `Binding '${bindingName}': legacy key-value storage is not available yet.`);
    }
    const { className } = binding;
    const uniqueKey = `${this.#options.name ?? ""}-${className}`;
    let objects = this.#registries.get(className);
    if (!objects) {
      objects = this.#registry(bindingName, className, uniqueKey);
      this.#registries.set(className, objects);
    }
    return new DurableObjectNamespace({ ids: new IdFactory(uniqueKey), objects, random: this.#parts.random });
  }

  #registry(bindingName: string, className: string, uniqueKey: string): ObjectRegistry {
    const { backend, now, schedule } = this.#parts;
    return new ObjectRegistry((id) => {
      if (this.#closed) throw new HoldfastError("HOLDFAST_CLOSED", "The host is closed.");
      return {
        env: this.env,
        session: { backend, objectId: `${uniqueKey}/${id}`, now, schedule },
        loadClass: () => this.#class(bindingName, className),
      };
    });
  }

  async #load(): Promise<Record<string, unknown>> {
    const { worker } = this.#options;
    if (typeof worker !== "function") return worker;
    this.#leaveEnvironment();
    this.#leaveEnvironment = enterEnvironment(this.env);
    return worker();
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
