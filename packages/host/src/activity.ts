/** What keeps an object in memory: calls it works on, timers, what it waits for. When there has been none of it for a while, it is idle. */

/** `spec/runtime` §4.5 */
const IDLE_AFTER = 10_000;

export class Activity {
  readonly #setTimer: (task: () => void, ms: number) => () => void;
  readonly #onIdle: () => void;
  #count = 0;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(setTimer: (task: () => void, ms: number) => () => void, onIdle: () => void) {
    this.#setTimer = setTimer;
    this.#onIdle = onIdle;
  }

  /** Something begins; returns what to call, once or more, at its end. */
  begin(): () => void {
    this.#count += 1;
    this.#cancel?.();
    this.#cancel = undefined;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#count -= 1;
      if (this.#count === 0 && !this.#isStopped) this.#cancel = this.#setTimer(this.#onIdle, IDLE_AFTER);
    };
  }

  get isBusy(): boolean {
    return this.#count > 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }
}
