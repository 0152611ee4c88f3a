/** Replaced entries that are put up with. */
const SLACK = 64;

/** Times at which keys are due, the earliest first: a binary heap. What was replaced stays in it until it comes up. */
export class DueQueue {
  #heap: { readonly key: string; readonly at: number }[] = [];
  readonly #times = new Map<string, number>();

  /** Sets when a key is due; `undefined` removes it. */
  set(key: string, at: number | undefined): void {
    if (at === undefined) {
      this.#times.delete(key);
      return;
    }
    this.#times.set(key, at);
    this.#push(key, at);
    if (this.#heap.length > 2 * this.#times.size + SLACK) this.#rebuild();
  }

  #push(key: string, at: number): void {
    this.#heap.push({ key, at });
    this.#up(this.#heap.length - 1);
  }

  /** Without what was replaced. */
  #rebuild(): void {
    this.#heap = [];
    for (const [key, at] of this.#times) this.#push(key, at);
  }

  /** The key that is due first. */
  get first(): { readonly key: string; readonly at: number } | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#times.get(top.key) === top.at) return top;
      this.#removeTop();
    }
    return undefined;
  }

  get size(): number {
    return this.#times.size;
  }

  #at(i: number): number {
    return this.#heap[i]?.at ?? Number.POSITIVE_INFINITY;
  }

  #up(start: number): void {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (this.#at(parent) <= this.#at(i)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #removeTop(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let i = 0; ; ) {
      const child = this.#at(2 * i + 1) <= this.#at(2 * i + 2) ? 2 * i + 1 : 2 * i + 2;
      if (this.#at(child) >= this.#at(i)) return;
      this.#swap(i, child);
      i = child;
    }
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (!one || !other) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
