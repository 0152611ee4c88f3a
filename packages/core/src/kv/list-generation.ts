/** Only one `kv.list()` iterator lives at a time: any later list whose range is not empty by its bounds, synchronous or not, ends it (`spec/kv` §2). */
export class ListGeneration {
  #current = 0;

  get current(): number {
    return this.#current;
  }

  /** Begins a list and ends the one before. */
  start(): number {
    this.#current += 1;
    return this.#current;
  }
}
