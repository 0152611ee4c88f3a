/** What keeps an object in memory: calls it works on, timers, what it waits for. When there has been none of it for a while, it is idle. */

/** `spec/runtime` §4.5 */
const IDLE_AFTER = 10_000;

export class Activity {
  readonly #setTimer: (task: () => void, ms: number) => () => void;
  readonly #onIdle: () => void;
  readonly #onBusy: () => () => void;
  #rest: () => void = () => {};
  #count = 0;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  /** `onBusy` is called when there begins to be something, and what it returns when there is nothing any more, or at the end. */
  constructor(
    setTimer: (task: () => void, ms: number) => () => void,
    { onIdle, onBusy }: { readonly onIdle: () => void; readonly onBusy: () => () => void },
  ) {
    this.#setTimer = setTimer;
    this.#onIdle = onIdle;
    this.#onBusy = onBusy;
  }

  /** Something begins; returns what to call, once or more, at its end. */
  begin(): () => void {
    this.#count += 1;
    if (this.#count === 1 && !this.#isStopped) this.#rest = this.#onBusy();
    this.#cancel?.();
    this.#cancel = undefined;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#count -= 1;
      if (this.#count > 0 || this.#isStopped) return;
      this.#rest();
      this.#cancel = this.#setTimer(this.#onIdle, IDLE_AFTER);
    };
  }

  get isBusy(): boolean {
    return this.#count > 0;
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancel?.();
    if (this.#count > 0) this.#rest();
  }
}
