/** What classes of Node's look like from outside: members are enumerable and take any number of arguments. */
export function shapeAsNode(Class: { readonly prototype: object }): void {
  const { prototype } = Class;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name === "constructor") continue;
    const { value } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    if (typeof value === "function") Object.defineProperty(value, "length", { value: 0 });
    Object.defineProperty(prototype, name, { enumerable: true });
  }
}

/** Defines accessors on the object itself, as Node does. */
export function defineAccessors(object: object, accessors: Readonly<Record<string, () => unknown>>): void {
  for (const [name, get] of Object.entries(accessors)) Object.defineProperty(object, name, { get, enumerable: true });
}
