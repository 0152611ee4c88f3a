/** A class as its users see it: without what is private, and what only `Object.prototype.toString` reads, so that the platform's own types fit
 * in both directions. */
export type Public<T> = { [K in keyof T as K extends typeof Symbol.toStringTag ? never : K]: T[K] };
