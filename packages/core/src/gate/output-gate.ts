/** gate/output-gate.ts
 * Keeps an object silent until what it would reveal is durable.
 *
 * A write returns to the application before the log has accepted it. If the process dies in between, the write is lost, and that is
 * harmless only if nobody heard of it. So everything an object sends waits here; reads and writes do not.
 *
 * 1. `wait()` settles when every hold taken before it has settled. Holds taken later do not delay it.
 * 2. The first failed hold breaks the gate: every later `wait()` rejects with that error, and the session ends.
 * 3. Nothing but the release of its holds opens a gate. */
export interface Hold {
  /** What the hold stood for is durable. */
  release(): void;
}

export class OutputGate {
  /** Settles with all holds taken so far; `undefined` when none is left. */
  #held: Promise<void> | undefined;
  #broken: { readonly error: unknown } | undefined;
  readonly #failures = new Set<(error: unknown) => void>();

  /** Closes the gate until the hold is released or the gate breaks. */
  hold(): Hold {
    let release!: () => void;
    const held = new Promise<void>((resolve, reject) => {
      this.#failures.add(reject);
      release = () => {
        this.#failures.delete(reject);
        resolve();
      };
    });
    const all = Promise.all([this.#held, held]).then(() => undefined);
    this.#held = all;
    const opened = () => {
      if (this.#held === all) this.#held = undefined;
    };
    // A broken gate with nobody waiting is not an unhandled error: the session reports it to whoever calls next.
    all.then(opened, ignoreUntilAwaited);
    return { release };
  }

  /** Whether `wait()` would resolve at once. */
  get isOpen(): boolean {
    return !this.#held && !this.#broken;
  }

  /** Resolves when all holds taken so far are released. @throws what broke the gate, as a rejection. */
  async wait(): Promise<void> {
    this.#check();
    await this.#held;
    this.#check();
  }

  /** Breaks the gate for good (rule 2); later calls change nothing. */
  break(error: unknown): void {
    if (this.#broken) return;
    this.#broken = { error };
    for (const reject of this.#failures) reject(error);
    this.#failures.clear();
  }

  #check(): void {
    if (this.#broken) throw this.#broken.error;
  }
}

function ignoreUntilAwaited(): void {}
