/** node-sqlite/user-functions.ts
 * Functions of the application's in SQL. What they throw cannot travel through SQLite: it is kept, SQLite is told that the call failed, and
 * whoever ran the statement throws it. */
import type { SqljsConnection } from "../connection.js";
import { booleanOption, expectFunction, expectString, isObject, optionsAt } from "./arguments.js";
import { bytesOf, type NativeReader, readNative, type SQLOutputValue, toUtf8 } from "./native-values.js";
import { nodeError } from "./node-error.js";

const UTF8 = 1;
const DETERMINISTIC = 0x800;
const DIRECT_ONLY = 0x80000;
const TRANSIENT = -1;
const MAX_ARGUMENTS = 1000;

type Callback = (...args: unknown[]) => unknown;

export class UserFunctions {
  readonly #connection: SqljsConnection;
  #thrown: { readonly error: unknown } | undefined;

  constructor(connection: SqljsConnection) {
    this.#connection = connection;
  }

  /** Runs something that may call functions. @throws what the last of them threw */
  calling<T>(run: () => T): T {
    this.#thrown = undefined;
    try {
      return run();
    } catch (error) {
      const { thrown } = this.takeThrown();
      throw thrown ? thrown.error : error;
    }
  }

  takeThrown(): { thrown: { readonly error: unknown } | undefined } {
    const thrown = this.#thrown;
    this.#thrown = undefined;
    return { thrown };
  }

  /** Keeps what a callback throws. */
  guarded<T>(run: () => T, failed: (error: unknown) => T): T {
    try {
      this.#thrown = undefined;
      return run();
    } catch (error) {
      this.#thrown = { error };
      return failed(error);
    }
  }

  /** `DatabaseSync.function(name, [options], fn)`. */
  define(args: readonly unknown[]): void {
    const name = expectString(args[0], "name");
    const options = args.length < 3 ? undefined : optionsAt(args, 1);
    const asBigInts = booleanOption(options, "useBigIntArguments", false);
    const varargs = booleanOption(options, "varargs", false);
    const deterministic = booleanOption(options, "deterministic", false);
    const directOnly = booleanOption(options, "directOnly", false);
    const call = expectFunction(args[args.length < 3 ? 1 : 2], "function") as Callback;
    const { engine } = this.#connection;
    const run = engine.install((context: number, count: number, values: number) => {
      this.#call(context, () => call.apply(undefined, this.#arguments(count, values, asBigInts)));
    }, "viii");
    const flags = UTF8 | (deterministic ? DETERMINISTIC : 0) | (directOnly ? DIRECT_ONLY : 0);
    this.#create(name, varargs ? -1 : call.length, flags, run, 0, 0);
  }

  /** `DatabaseSync.aggregate(name, options)`. */
  aggregate(args: readonly unknown[]): void {
    const name = String(args[0]);
    const options = args[1] as Readonly<Record<string, unknown>>;
    const start = options["start"];
    const step = options["step"];
    const result = options["result"];
    if (start === undefined) {
      throw nodeError("ERR_INVALID_ARG_TYPE", 'The "options.start" argument must be a function or a primitive value.');
    }
    const stepper = expectFunction(step, "options.step") as Callback;
    const asBigInts = booleanOption(options, "useBigIntArguments", false);
    const varargs = booleanOption(options, "varargs", false);
    const directOnly = booleanOption(options, "directOnly", false);
    if (options["inverse"] !== undefined) {
      expectFunction(options["inverse"], "options.inverse");
      throw nodeError("ERR_INVALID_STATE", "Window functions (options.inverse) are not supported on sql.js.");
    }
    const { engine } = this.#connection;
    const groups = new Map<number, { value: unknown }>();
    const groupOf = (context: number): { value: unknown } => {
      const at = engine.module._sqlite3_aggregate_context(context, 8);
      let group = groups.get(at);
      if (!group) {
        group = { value: typeof start === "function" ? start.call(null) : start };
        groups.set(at, group);
      }
      return group;
    };
    const onStep = engine.install((context: number, count: number, values: number) => {
      this.guarded(
        () => {
          const group = groupOf(context);
          group.value = stepper.apply(undefined, [group.value, ...this.#arguments(count, values, asBigInts)]);
        },
        () => this.#refuse(context),
      );
    }, "viii");
    const onFinal = engine.install((context: number) => {
      this.#call(context, () => {
        const group = groupOf(context);
        groups.delete(engine.module._sqlite3_aggregate_context(context, 8));
        return typeof result === "function" ? result.call(null, group.value) : group.value;
      });
    }, "vi");
    this.#create(name, varargs ? -1 : Math.max(stepper.length - 1, 0), UTF8 | (directOnly ? DIRECT_ONLY : 0), 0, onStep, onFinal);
  }

  #create(name: string, count: number, flags: number, run: number, step: number, final: number): void {
    const { engine, pointer } = this.#connection;
    if (count > MAX_ARGUMENTS) throw nodeError("ERR_OUT_OF_RANGE", `SQLite functions take at most ${MAX_ARGUMENTS} arguments.`);
    const code = engine.withBytes(toUtf8(`${name}\0`), (at) =>
      engine.module._sqlite3_create_function_v2(pointer, at, count, flags, 0, run, step, final, 0),
    );
    if (code !== 0) throw this.#connection.failure(code);
  }

  #call(context: number, run: () => unknown): void {
    this.guarded(
      () => this.#return(context, run()),
      () => this.#refuse(context),
    );
  }

  /** Tells SQLite that the call failed, without a message: the error itself is kept. */
  #refuse(context: number): void {
    const { engine } = this.#connection;
    engine.withText("", (text) => engine.module._sqlite3_result_error(context, text, 0));
  }

  #return(context: number, value: unknown): void {
    const { engine } = this.#connection;
    const { module } = engine;
    const bytes = bytesOf(value);
    if (value === undefined || value === null) module._sqlite3_result_null(context);
    else if (typeof value === "number") module._sqlite3_result_double(context, value);
    else if (typeof value === "bigint") this.#returnBigInt(context, value);
    else if (typeof value === "string") {
      const text = toUtf8(value);
      engine.withBytes(text, (at) => module._sqlite3_result_text(context, at, text.length, TRANSIENT));
    } else if (bytes) engine.withBytes(bytes, (at) => module._sqlite3_result_blob(context, at, bytes.length, TRANSIENT));
    else {
      const isPromise = isObject(value) && value instanceof Promise;
      const why = isPromise
        ? "Asynchronous user-defined functions are not supported"
        : "Returned JavaScript value cannot be converted to a SQLite value";
      engine.withText(why, (text) => module._sqlite3_result_error(context, text, -1));
    }
  }

  #returnBigInt(context: number, value: bigint): void {
    const { engine } = this.#connection;
    if (BigInt.asIntN(64, value) === value) engine.module._sqlite3_result_int64(context, value);
    else
      engine.withText("BigInt value is too large for SQLite", (text) => engine.module._sqlite3_result_error(context, text, -1));
  }

  #arguments(count: number, values: number, asBigInts: boolean): SQLOutputValue[] {
    const { engine } = this.#connection;
    return Array.from({ length: count }, (_, i) =>
      readNative(engine, this.#reader(engine.memory.pointer(values + i * 4)), asBigInts),
    );
  }

  #reader(value: number): NativeReader {
    const { module } = this.#connection.engine;
    return {
      type: () => module._sqlite3_value_type(value),
      double: () => module._sqlite3_value_double(value),
      text: () => module._sqlite3_value_text(value),
      blob: () => module._sqlite3_value_blob(value),
      bytes: () => module._sqlite3_value_bytes(value),
    };
  }
}
