/** api/settled.ts
 * Promises of what is done already. Other code of the same turn can see how many microtasks pass before whoever awaits one goes on, and so they
 * are as many as on the platform: three, two for `getAlarm`, and one for a failure (measured on workerd 1.20261117.1). */

const done: Promise<void> = Promise.resolve();

/** Resolved by the job that a promise resolved with it takes: one microtask more. */
class OneMore<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  // biome-ignore lint/suspicious/noThenProperty: this is what it is for
  then(resolve: (value: T) => void): void {
    resolve(this.#value);
  }
}

/** What `work` gives, three microtasks later; what it throws, one later. */
export function settled<T>(work: () => T): Promise<T> {
  try {
    const value = work();
    return done.then(() => new OneMore(value) as unknown as T);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What `work` gives, two microtasks later; what it throws, one later. */
export function settledSooner<T>(work: () => T): Promise<T> {
  try {
    const value = work();
    return done.then(() => value);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A promise that is as nobody's when it fails for its session's end: code that runs on after that is nobody's any more (`spec/runtime` §4.3), and must not end
 * the process as an unhandled rejection would. */
export function quiet<T>(result: Promise<T>, hasEnded: (error: unknown) => boolean): Promise<T> {
  const outer = new Promise<T>((resolve, reject) => {
    result.then(resolve, (error) => {
      if (hasEnded(error)) outer.catch(() => undefined);
      reject(error);
    });
  });
  return outer;
}
