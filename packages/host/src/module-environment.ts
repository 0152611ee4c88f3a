/** What code outside any object sees: that of the host which last began to load a worker and is still open. */
import { type Compatibility, compatibility } from "./compatibility.js";
import { currentObject } from "./current-object.js";

interface Environment {
  /** The bindings. */
  readonly env: object;
  readonly compatibility: Compatibility;
}

const environments: Environment[] = [];
const NEWEST = compatibility({});

export function moduleEnvironment(): object {
  return environments.at(-1)?.env ?? {};
}

/** The rules for the code that runs now. */
export function currentCompatibility(): Compatibility {
  return currentObject()?.compatibility ?? environments.at(-1)?.compatibility ?? NEWEST;
}

/** Makes an environment the one at module scope until the returned function is called. */
export function enterEnvironment(environment: Environment): () => void {
  environments.push(environment);
  return () => {
    const index = environments.lastIndexOf(environment);
    if (index >= 0) environments.splice(index, 1);
  };
}
