/** gate/turn.ts
 * Runs an object's events one turn at a time, and says when a turn is over.
 *
 * A turn is one event plus its whole microtask drain: the unit of atomicity. JavaScript does not tell when microtasks have drained, so
 * a turn is two macrotasks queued together: the first runs the event, the second is the end of the turn. Microtasks run in between.
 *
 *            deliver()                 event, microtasks                end of turn
 *   idle ──────────────▶ scheduled ──────────────────────▶ running ──────────────────▶ idle, or the next event
 *     └── a write that belongs to no event: joined() ─────────────────────▲
 *
 * 1. At most one turn of an object runs at a time; events start in the order they were delivered.
 * 2. `endOfTurn` runs after each turn and before any other event, so two events never share a transaction.
 * 3. Code that runs outside any turn (a continuation of ungated I/O, or storage used without a host) joins the turn that is open; if
 *    there is none, the macrotask it runs in becomes one. It never ends a turn that is not its own.
 * 4. Other task sources may run between the two macrotasks (browsers); rule 3 covers what they write. */
export interface TurnParts {
  /** Queues a macrotask. Tasks run in the order they were queued. */
  schedule(task: () => void): void;
  /** Commits what the turn wrote. Handles its own failures: must not throw. */
  endOfTurn(): void;
  /** Told when a turn of the object begins and ends, for whoever must know whose code is running. */
  onRunning?(running: boolean): void;
}

export class Turns {
  readonly #parts: TurnParts;
  readonly #events: (() => void)[] = [];
  #afterTurn: (() => void)[] = [];
  #state: "idle" | "scheduled" | "running" = "idle";
  /** An end of turn for writes outside any event is queued. */
  #joined = false;
  #stopped = false;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /** Whether a turn's event or its microtasks are running. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** Runs `event` as a turn of its own, after those delivered before. `event` must not throw. */
  deliver(event: () => void): void {
    if (this.#stopped) return;
    this.#events.push(event);
    if (this.#state === "idle") this.#scheduleNext();
  }

  /** To be called at a write: makes sure that a turn's end will follow (rule 3). */
  joined(): void {
    if (this.#stopped || this.#state === "running" || this.#joined) return;
    this.#joined = true;
    this.#parts.schedule(() => {
      this.#joined = false;
      if (this.#state !== "running" && !this.#stopped) this.#parts.endOfTurn();
    });
  }

  /** Runs `task` when the present turn has ended and no code of the object is running; at once if none is. */
  afterTurn(task: () => void): void {
    if (this.#state === "running") this.#afterTurn.push(task);
    else task();
  }

  /** Drops undelivered events and starts none any more. */
  stop(): void {
    this.#stopped = true;
    this.#events.length = 0;
  }

  #scheduleNext(): void {
    this.#state = "scheduled";
    this.#parts.schedule(() => this.#run());
    this.#parts.schedule(() => this.#end());
  }

  #run(): void {
    const event = this.#events.shift();
    if (!event) return;
    this.#parts.endOfTurn(); // what was written outside a turn since the last one (rule 2)
    if (this.#stopped) return; // that failed, and the session with it
    this.#state = "running";
    this.#parts.onRunning?.(true);
    event();
  }

  #end(): void {
    if (this.#state === "running") {
      this.#parts.onRunning?.(false);
      if (!this.#stopped) this.#parts.endOfTurn();
    }
    this.#state = "idle";
    if (this.#events.length > 0) this.#scheduleNext();
    for (const task of this.#afterTurn.splice(0)) task();
  }
}
