/** What became of a call: its value, or the parts of its error that callers see. Runs in workerd and here. */
export async function told(call) {
  try {
    return { ok: await call() };
  } catch (error) {
    if (!(error instanceof Error)) return { err: { thrown: withoutId(error) } };
    const flags = {};
    for (const name of ["remote", "retryable", "overloaded", "durableObjectReset", "code"]) {
      if (name in error && error[name] !== undefined) flags[name] = error[name];
    }
    return { err: { name: error.name, message: error.message, ...flags } };
  }
}

function withoutId(value) {
  if (typeof value !== "object" || value === null) return value;
  const { durableObjectId: _, ...rest } = value;
  return rest;
}
