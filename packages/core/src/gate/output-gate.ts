/** gate/output-gate.ts
 * Keeps an object silent until what it would reveal is durable.
 *
 * A write returns to the application before the log has accepted it. If the process dies in between, the write is lost, and that is
 * harmless only if nobody heard of it. So everything an object sends waits here; reads and writes do not.
 *
 * 1. `wait()` settles when every hold taken before it was released. Holds taken later do not delay it.
 * 2. `break()` fails whoever waits, and every later `wait()`, with its error, and the session ends.
 * 3. Nothing but the release of its holds opens a gate. */
export interface Hold {
  /** What the hold stood for is durable. */
  release(): void;
}

interface Waiting {
  /** The newest hold that it waits for. */
  readonly newest: number;
  opened(): void;
  broke(error: unknown): void;
}

export class OutputGate {
  /** Holds that are not released, by their numbers, in the order they were taken; and how many there have been. */
  readonly #held = new Set<number>();
  #taken = 0;
  /** In the order they came, and so of what they wait for. */
  #waiting: Waiting[] = [];
  #broken: { readonly error: unknown } | undefined;

  /** Closes the gate until the hold is released or the gate breaks. */
  hold(): Hold {
    this.#taken += 1;
    const number = this.#taken;
    this.#held.add(number);
    return { release: () => this.#release(number) };
  }

  /** Whether `wait()` would resolve at once. */
  get isOpen(): boolean {
    return this.#held.size === 0 && !this.#broken;
  }

  /** Resolves when all holds taken so far are released. @throws what broke the gate, as a rejection. */
  async wait(): Promise<void> {
    await new Promise<void>((resolve, reject) => this.whenOpen(resolve, reject));
    if (this.#broken) throw this.#broken.error; // meanwhile
  }

  /** Calls one of two functions: at once if nothing is to be waited for, or when the last of the holds is released. */
  whenOpen(opened: () => void, broke: (error: unknown) => void): void {
    if (this.#broken) broke(this.#broken.error);
    else if (this.#held.size === 0) opened();
    else this.#waiting.push({ newest: this.#taken, opened, broke });
  }

  /** Breaks the gate for good (rule 2); later calls change nothing. */
  break(error: unknown): void {
    if (this.#broken) return;
    this.#broken = { error };
    for (const { broke } of this.#waiting.splice(0)) broke(error);
  }

  #release(number: number): void {
    if (!this.#held.delete(number) || this.#broken) return;
    const oldest: number = this.#held.values().next().value ?? Number.POSITIVE_INFINITY;
    const blocked = this.#waiting.findIndex(({ newest }) => newest >= oldest);
    for (const { opened } of this.#waiting.splice(0, blocked < 0 ? this.#waiting.length : blocked)) opened();
  }
}
