/** gate/scope.ts
 * The input gate: where an object's events wait (`spec/runtime` §1).
 *
 * A scope delivers one event at a time: whoever runs holds its lock, everybody else queues. A critical section is a scope inside another:
 * while it is open it holds a lock of its parent, so that nothing of the parent is delivered.
 *
 *                acquireChild() on the parent            merge()
 *   made ──▶ waiting ─────────────────────▶ open ──────────────────▶ merged: every use of it is a use of the nearest open ancestor
 *               │                             │
 *               └──────────── fail() ─────────┴──▶ failed, and every ancestor with it
 *
 * 1. Waiters are served first in, first out; those that want to open a section before all others. Each released lock wakes one.
 * 2. While a section is open its parent is locked.
 * 3. Nothing waits in a merged scope.
 * 4. After a failure nobody is let in any more. */
export interface Waiter {
  /** The lock is held from now on, until `release`. */
  granted(): void;
  /** The gate broke first. */
  failed?(error: unknown): void;
}

export class Scope {
  readonly parent: Scope | undefined;
  /** 0 for an object's root scope. */
  readonly depth: number;
  #isMerged = false;
  #failure: { readonly error: unknown } | undefined;
  #locks = 0;
  #sections: Waiter[] = [];
  #waiters: Waiter[] = [];

  /** The root scope of an object, or a critical section of `parent`. */
  constructor(parent?: Scope) {
    this.parent = parent;
    this.depth = parent ? parent.depth + 1 : 0;
  }

  /** This scope, or the nearest ancestor that has not been merged. */
  get effective(): Scope {
    let scope: Scope = this;
    while (scope.#isMerged) scope = scope.parent as Scope;
    return scope;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.effective.#failure;
  }

  get isLocked(): boolean {
    return this.effective.#locks > 0;
  }

  /** Whether anybody waits. */
  get isAwaited(): boolean {
    const { effective } = this;
    return effective.#sections.length + effective.#waiters.length > 0;
  }

  /** Grants the lock as soon as it is free. */
  acquire(waiter: Waiter): void {
    this.effective.#enter(waiter, false);
  }

  /** The same for whoever wants to open a section here (rule 1). */
  acquireForSection(waiter: Waiter): void {
    this.effective.#enter(waiter, true);
  }

  /** Takes one more lock, whoever holds others: nobody is let in before it is given back too. */
  hold(): void {
    this.effective.#locks += 1;
  }

  /** Gives a lock back that was granted here, or in a section that has been merged. */
  release(): void {
    const scope = this.effective;
    scope.#locks -= 1;
    if (scope.#locks > 0) return;
    const next = scope.#sections.shift() ?? scope.#waiters.shift();
    if (!next) return;
    scope.#locks = 1;
    next.granted();
  }

  /** Ends a section: its locks and whoever waits in it are the parent's from now on. */
  merge(): void {
    const into = (this.parent as Scope).effective;
    into.#sections.push(...this.#sections);
    into.#waiters.push(...this.#waiters);
    into.#locks += this.#locks;
    this.#sections = [];
    this.#waiters = [];
    this.#locks = 0;
    this.#isMerged = true;
  }

  /** Breaks this scope and all its ancestors (rule 4). The first failure counts. */
  fail(error: unknown): void {
    for (let scope: Scope | undefined = this.effective; scope; scope = scope.parent) {
      scope.#failure ??= { error };
      const waiting = [...scope.#sections, ...scope.#waiters];
      scope.#sections = [];
      scope.#waiters = [];
      for (const waiter of waiting) waiter.failed?.(error);
    }
  }

  #enter(waiter: Waiter, forSection: boolean): void {
    if (this.#failure) {
      waiter.failed?.(this.#failure.error);
    } else if (this.#locks === 0) {
      this.#locks = 1;
      waiter.granted();
    } else (forSection ? this.#sections : this.#waiters).push(waiter);
  }
}
