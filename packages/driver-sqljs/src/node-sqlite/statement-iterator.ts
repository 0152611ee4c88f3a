/** What `iterate()` of `node:sqlite` returns: results without a prototype, `null` at the end. */

import { shapeAsNode } from "./node-class.js";
import { nodeError } from "./node-error.js";
import type { Row } from "./statement-sync.js";

export interface IteratorParts {
  /** The next row, `undefined` at the end. */
  next(): Row | undefined;
  finish(): void;
  /** @throws if the statement is gone */
  check(): void;
}

let making: IteratorParts | undefined;

export class StatementSyncIterator implements Iterable<Row> {
  readonly #parts: IteratorParts;
  #done = false;

  /** @throws Error `ERR_ILLEGAL_CONSTRUCTOR` always: iterators come from `StatementSync.iterate` */
  constructor() {
    const parts = making;
    making = undefined;
    if (!parts) throw nodeError("ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
    this.#parts = parts;
  }

  declare [Symbol.iterator]: () => Iterator<Row>;

  next(): IteratorResult<Row, null> {
    this.#parts.check();
    if (this.#done) return result(true, null);
    const row = this.#parts.next();
    if (row !== undefined) return result(false, row);
    this.#parts.finish();
    this.#done = true;
    return result(true, null);
  }

  return(): IteratorResult<Row, null> {
    this.#parts.finish();
    this.#done = true;
    return result(true, null);
  }

  static {
    shapeAsNode(StatementSyncIterator);
    // For the iterator helpers, and for `for … of`.
    Object.setPrototypeOf(StatementSyncIterator.prototype, Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
  }
}

export function makeIterator(parts: IteratorParts): StatementSyncIterator {
  making = parts;
  return new StatementSyncIterator();
}

function result<T>(done: boolean, value: T): never {
  return Object.assign(Object.create(null), { done, value }) as never;
}
