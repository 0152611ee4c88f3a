/** The bindings that code outside any object sees: those of the host that last began to load a worker and is still open. */
const environments: object[] = [];

export function moduleEnvironment(): object {
  return environments.at(-1) ?? {};
}

/** Makes `env` the bindings at module scope until the returned function is called. */
export function enterEnvironment(env: object): () => void {
  environments.push(env);
  return () => {
    const index = environments.lastIndexOf(env);
    if (index >= 0) environments.splice(index, 1);
  };
}
