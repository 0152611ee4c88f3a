/** Runs a program of SQL steps against `storage` and writes down what came out. Plain JavaScript, because the real workerd runs this very
 * file. Everything observable is in the result: names, rows, counters before and after reading, and errors. */

/** @param {any} storage `ctx.storage`
 * @param {readonly { sql: string, bindings: readonly unknown[], sync: boolean }[]} steps
 * @returns {Promise<unknown[]>} one outcome for each step. @throws what reset the object */
export async function runProgram(storage, steps) {
  const outcomes = [];
  for (const { sql, bindings, sync } of steps) {
    outcomes.push(runStep(storage, sql, bindings));
    if (sync) await storage.sync();
  }
  await storage.sync();
  return outcomes;
}

function runStep({ sql }, text, bindings) {
  try {
    const cursor = sql.exec(text, ...bindings.map(decode));
    const atExec = [cursor.rowsRead, cursor.rowsWritten];
    const rows = [...cursor.raw()].map((row) => row.map(encode));
    return {
      columnNames: cursor.columnNames,
      rows,
      atExec,
      counts: [cursor.rowsRead, cursor.rowsWritten],
      size: sql.databaseSize,
    };
  } catch (error) {
    return { error: String(error.message), name: error.name };
  }
}

function decode(value) {
  if (typeof value !== "object" || value === null) return value;
  return Uint8Array.from(value.$bytes).buffer;
}

function encode(value) {
  if (value instanceof ArrayBuffer) return { $bytes: [...new Uint8Array(value)] };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $number: Object.is(value, -0) ? "-0" : String(value) };
  }
  return value;
}
