/** gate/turn.ts
 * Runs an object's events one turn at a time, says when a turn is over, and runs its critical sections.
 *
 * A turn is one event plus its whole microtask drain: the unit of atomicity. JavaScript does not tell when microtasks have drained, so
 * a turn is two macrotasks queued together: the first runs the event, the second is the end of the turn. Microtasks run in between.
 *
 *            deliver()                 event, microtasks                end of turn
 *   idle ──────────────▶ scheduled ──────────────────────▶ running ──────────────────▶ idle, or the next event
 *     └── a write that belongs to no event: joined() ─────────────────────▲
 *
 * 1. At most one turn of an object runs at a time; events wait in scopes (`gate/scope.ts`) and start in their order.
 * 2. `endOfTurn` runs after each turn and before any other event, so two events never share a transaction.
 * 3. Code that runs outside any turn (a continuation of ungated I/O, or storage used without a host) joins the turn that is open; if
 *    there is none, the macrotask it runs in becomes one. It never ends a turn that is not its own.
 * 4. Other task sources may run between the two macrotasks (browsers); rule 3 covers what they write.
 * 5. At the end of a turn, in this order, which can be observed: failed sections, the commit, sections whose body threw before its first
 *    await, sections that succeeded, the lock (`spec/runtime` §1.6). A section that ends outside any turn is ended at once. */
import { NESTED_TOO_DEEPLY, sectionTimeout } from "../messages.js";
import { Scope } from "./scope.js";
import { MAX_DEPTH, SECTION_TIMEOUT, type Section, type SectionRules } from "./section.js";

export interface TurnParts {
  /** Queues a macrotask. Tasks run in the order they were queued. */
  schedule(task: () => void): void;
  /** Runs a task later; returns how to cancel it. */
  setTimer(task: () => void, ms: number): () => void;
  /** Commits what the turn wrote. Handles its own failures: must not throw. */
  endOfTurn(): void;
  /** A section failed, or took too long: the object must be reset. Must lead to `stop()`. */
  onSectionFailed(error: unknown): void;
  /** Told when a turn of the object begins and ends, for whoever must know whose code is running. */
  onRunning?(scope: Scope | undefined): void;
  /** The scope of code that runs outside any turn, where that is known. */
  scopeOutside?(): Scope | undefined;
}

/** An event with the scope whose lock it holds. */
interface Turn {
  readonly scope: Scope;
  event(): void;
}

export class Turns {
  readonly root: Scope = new Scope();
  readonly #parts: TurnParts;
  #afterTurn: (() => void)[] = [];
  #state: "idle" | "scheduled" | "running" = "idle";
  #turn: Turn | undefined;
  /** Turns whose lock is held already, behind the present one. */
  readonly #next: Turn[] = [];
  readonly #sections = new Set<Section>();
  /** Those whose body has ended. */
  #ended: Section[] = [];
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

  /** Where what is started now belongs: what it waits for comes back there. */
  get currentScope(): Scope {
    const scope = this.#state === "running" ? this.#turn?.scope : (this.#parts.scopeOutside?.() ?? this.#innermost);
    return (scope ?? this.root).effective;
  }

  /** Where code that runs outside any turn most likely belongs, if nothing tells: waiting anywhere else it would wait for this one's end. */
  get #innermost(): Scope | undefined {
    let innermost: Scope | undefined;
    for (const { scope, isOpen } of this.#sections) {
      if (isOpen && scope.depth > (innermost?.depth ?? 0)) innermost = scope;
    }
    return innermost;
  }

  /** Runs `event` as a turn of its own, after those that wait in the scope already. `event` must not throw. It never runs if the gate breaks first. */
  deliver(event: () => void, scope: Scope = this.root): void {
    if (this.#stopped) return;
    scope.acquire({ granted: () => this.#begin({ scope: scope.effective, event }) });
  }

  /** Lets nothing into the present scope until what is returned is called, which runs an event there before anything else: the object waits for its
   * storage (`spec/kv` §4.4). The event never runs if the object is reset before. */
  holdInput(): (event: () => void) => void {
    const scope = this.currentScope;
    scope.hold();
    return (event) => {
      if (!this.#stopped) this.#begin({ scope: scope.effective, event });
    };
  }

  /** Runs `body` as a critical section, after the present turn. The promise settles in the scope that asked, before anything else there. If
   * the object is reset it never does, or fails, as `rules.onReset` says.
   * @throws Error as a rejection, if sections are nested too deeply */
  section<T>(body: () => T, rules: SectionRules = {}): Promise<Awaited<T>> {
    const parent = this.currentScope;
    if (parent.depth >= MAX_DEPTH) return Promise.reject(new Error(NESTED_TOO_DEEPLY));
    return new Promise((resolve, reject) => {
      const section: Section = {
        scope: new Scope(parent),
        rules,
        body,
        settle: (end) => (end.kind === "returned" ? resolve(end.value as Awaited<T>) : reject(end.error)),
      };
      this.#sections.add(section);
      parent.acquireForSection({ granted: () => this.#open(section) });
    });
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

  /** Runs `task` when what has been written up to now is committed: at the end of the present turn, or of the macrotask that stands for one. */
  afterThis(task: () => void): void {
    if (this.#state === "running") {
      this.#afterTurn.push(task);
      return;
    }
    this.#parts.schedule(() => {
      if (this.#state !== "running" && !this.#stopped) this.#parts.endOfTurn();
      task();
    });
  }

  /** Drops undelivered events and starts none any more. */
  stop(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#ended = [];
    this.root.fail(error);
    for (const { cancelTimeout, rules, settle } of this.#sections) {
      cancelTimeout?.();
      if (rules.onReset === "reject") settle({ kind: "failed", error, sync: false });
    }
    this.#sections.clear();
  }

  #begin(turn: Turn): void {
    if (this.#state !== "idle") {
      this.#next.push(turn);
      return;
    }
    this.#turn = turn;
    this.#state = "scheduled";
    this.#parts.schedule(() => this.#run());
    this.#parts.schedule(() => this.#end());
  }

  #run(): void {
    const turn = this.#turn;
    if (this.#stopped || !turn) return;
    this.#parts.endOfTurn(); // what was written outside a turn since the last one (rule 2)
    if (this.#stopped) return; // that failed, and the session with it
    this.#state = "running";
    this.#parts.onRunning?.(turn.scope);
    turn.event();
  }

  #end(): void {
    const turn = this.#turn;
    if (this.#state === "running") this.#parts.onRunning?.(undefined);
    this.#turn = undefined;
    this.#state = "idle";
    if (!this.#stopped) this.#endSections();
    if (!this.#stopped) turn?.scope.release();
    const next = this.#state === "idle" && !this.#stopped ? this.#next.shift() : undefined;
    if (next) this.#begin(next);
    for (const task of this.#afterTurn.splice(0)) task();
  }

  /** Rule 5, all but the lock. */
  #endSections(): void {
    const ended = this.#ended.splice(0);
    const resetBy = (sync: boolean) =>
      ended.find(({ end, rules }) => end?.kind === "failed" && end.sync === sync && rules.fail === undefined);
    const failed = resetBy(false);
    if (failed) return this.#break(failed);
    for (const { end, rules } of ended) if (end?.kind === "failed") this.#attempt(rules.fail);
    this.#parts.endOfTurn();
    if (this.#stopped) return;
    const threw = resetBy(true);
    if (threw) return this.#break(threw);
    for (const section of ended) {
      if (section.end?.kind === "returned") this.#attempt(section.rules.succeed);
      if (this.#stopped) return;
      this.#close(section);
    }
  }

  #attempt(rule: (() => void) | undefined): void {
    try {
      rule?.();
    } catch (error) {
      this.#parts.onSectionFailed(error);
    }
  }

  #open(section: Section): void {
    section.isOpen = true;
    section.cancelTimeout = this.#parts.setTimer(() => {
      section.end = { kind: "failed", error: sectionTimeout(), sync: false };
      this.#break(section);
    }, SECTION_TIMEOUT);
    this.deliver(() => this.#call(section), section.scope);
  }

  #call(section: Section): void {
    let result: unknown;
    try {
      section.rules.begin?.();
      result = section.body();
    } catch (error) {
      section.end = { kind: "failed", error, sync: true };
      this.#ended.push(section);
      return;
    }
    Promise.resolve(result).then(
      (value) => this.#bodyEnded(section, { kind: "returned", value }),
      (error) => this.#bodyEnded(section, { kind: "failed", error, sync: false }),
    );
  }

  #bodyEnded(section: Section, end: NonNullable<Section["end"]>): void {
    if (this.#stopped || section.end) return;
    section.end = end;
    this.#ended.push(section);
    if (this.#state !== "running") this.#endSections();
  }

  /** Lets the caller go on, in the lock that the section has held. */
  #close(section: Section): void {
    const { scope, settle, end } = section;
    section.cancelTimeout?.();
    this.#sections.delete(section);
    const parent = (scope.parent as Scope).effective;
    scope.merge();
    if (end) this.#begin({ scope: parent, event: () => settle(end) });
  }

  #break({ scope, end }: Section): void {
    const error = end?.kind === "failed" ? end.error : undefined;
    scope.fail(error);
    this.#parts.onSectionFailed(error);
  }
}
