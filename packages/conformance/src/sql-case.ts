/** Replays one recorded case of `cases/sql-cases.json` and says whether the outcome is equal to the recording. */

export interface SqlCase {
  readonly name: string;
  readonly section: string;
  readonly tags?: readonly string[];
  readonly setup: readonly string[];
  readonly exec: { readonly sql: string | readonly SqlPart[]; readonly bindings: readonly unknown[] };
  readonly expect: Expected;
}

type SqlPart = string | { readonly repeat: string; readonly count: number };

interface Counts {
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

interface Expected extends Partial<Counts> {
  readonly columnNames?: readonly string[];
  readonly rows?: readonly unknown[];
  readonly atExec?: Counts;
  readonly error?: string;
  readonly errorName?: string;
}

/** What a case needs of storage. */
export interface SqlCaseStorage {
  readonly sql: {
    exec(
      query: string,
      ...bindings: unknown[]
    ): Counts & { raw(): Iterable<unknown[]>; readonly columnNames: string[]; toArray(): unknown };
  };
  sync(): Promise<void>;
}

export type CaseOutcome =
  /** `counts` are there for cases that end with rows: whether the counters are equal behind `exec`, and at the end. */
  | { readonly kind: "equal"; readonly counts?: { readonly atExec: boolean; readonly read: boolean; readonly written: boolean } }
  /** Equal but for an error offset that the engine does not know. */
  | { readonly kind: "offset-only" }
  | { readonly kind: "different"; readonly expected: unknown; readonly actual: unknown };

/** `storage` is a fresh object's. */
export async function replaySqlCase(storage: SqlCaseStorage, recorded: SqlCase): Promise<CaseOutcome> {
  const { sql, bindings } = recorded.exec;
  const text =
    typeof sql === "string"
      ? sql
      : sql.map((part) => (typeof part === "string" ? part : part.repeat.repeat(part.count))).join("");
  let actual: Expected;
  let counted: Expected | undefined;
  try {
    for (const setup of recorded.setup) storage.sql.exec(setup).toArray();
    await storage.sync();
    const cursor = storage.sql.exec(text, ...bindings.map(decodeBinding));
    const atExec = { rowsRead: cursor.rowsRead, rowsWritten: cursor.rowsWritten };
    const rows = [...cursor.raw()].map((row) => row.map(encodeCell));
    const { rowsRead, rowsWritten } = cursor;
    actual = { columnNames: [...cursor.columnNames], rows };
    counted = { rowsRead, rowsWritten, atExec };
  } catch (error) {
    actual = { error: (error as Error).message, errorName: (error as Error).name };
  }
  const { columnNames, rows, error, errorName } = recorded.expect;
  const expected = error === undefined ? { columnNames, rows } : { error, errorName };
  if (JSON.stringify(expected) === JSON.stringify(actual)) {
    return counted ? { kind: "equal", counts: compareCounts(recorded.expect, counted) } : { kind: "equal" };
  }
  if (error !== undefined && error.replace(/ at offset \d+/, "") === actual.error) return { kind: "offset-only" };
  return { kind: "different", expected, actual };
}

function compareCounts(expected: Expected, actual: Expected): { atExec: boolean; read: boolean; written: boolean } {
  return {
    atExec: JSON.stringify(expected.atExec) === JSON.stringify(actual.atExec),
    read: expected.rowsRead === actual.rowsRead,
    written: expected.rowsWritten === actual.rowsWritten,
  };
}

function decodeBinding(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const [kind, content] = Object.entries(value)[0] ?? [];
  switch (kind) {
    case "$blob":
      return fromBase64(String(content)).buffer;
    case "$typed": {
      const { buffer } = fromBase64((value as { data: string }).data);
      const View = (globalThis as Record<string, unknown>)[String(content)] as new (buffer: ArrayBuffer) => unknown;
      return new View(buffer);
    }
    case "$num":
      return content === "-0" ? -0 : Number(content);
    case "$undef":
      return undefined;
    case "$bigint":
      return BigInt(String(content));
    case "$date":
      return new Date(Number(content));
    case "$obj":
    case "$arr":
      return content;
    case "$repeat":
      return (content as { text: string; count: number }).text.repeat((content as { count: number }).count);
    case "$zeros":
      return new ArrayBuffer(Number(content));
    default:
      throw new Error(`unknown kind of binding ${kind}`);
  }
}

function encodeCell(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return { $blob: toBase64(new Uint8Array(value)) };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $num: Object.is(value, -0) ? "-0" : String(value) };
  }
  return value;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
