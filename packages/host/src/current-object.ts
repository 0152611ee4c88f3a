/** Whose code is running. A plain pointer is enough: turns never overlap, and it is cleared before anybody else's code can run. */
import type { ObjectInstance } from "./object-instance.js";

let running: ObjectInstance | undefined;

/** The object whose turn this is, if it is one's. */
export function currentObject(): ObjectInstance | undefined {
  return running;
}

export function setCurrentObject(object: ObjectInstance | undefined): void {
  running = object;
}
