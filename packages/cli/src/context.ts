/** What every command gets, and how it finds an object and a moment. */
import { folderStore, type ObjectHistory, openHistory } from "holdfast";
import type { Output } from "./output.js";

export interface Context {
  readonly dir: string;
  readonly output: Output;
  /** Whether to show how far long work has come. */
  readonly progress: boolean;
}

/** What a person can do something about. */
export class CommandError extends Error {
  /** The arguments were wrong. */
  readonly isUsage: boolean;

  constructor(message: string, { isUsage = false }: { readonly isUsage?: boolean } = {}) {
    super(message);
    this.isUsage = isUsage;
  }
}

/** Ids of all objects. @throws CommandError if the folder holds none */
export async function objectIds(dir: string): Promise<string[]> {
  const store = folderStore(dir);
  const ids: string[] = [];
  try {
    for await (const id of store.list()) ids.push(id);
  } finally {
    await store.close();
  }
  return ids;
}

/** The one object that is meant. @throws CommandError for none or several */
export async function findObject(dir: string, text: string): Promise<string> {
  const ids = await objectIds(dir);
  if (ids.includes(text)) return text;
  const found = ids.filter((id) => id.includes(text));
  if (found[0] !== undefined && found.length === 1) return found[0];
  const few = found.slice(0, 5).join(", ");
  throw new CommandError(
    found.length === 0
      ? `There is no object '${text}' in ${dir}. \`holdfast ls\` lists them.`
      : `'${text}' could be ${found.length} objects: ${few}${found.length > 5 ? ", …" : ""}. Give more of the id.`,
  );
}

/** Opens an object's history while `use` runs. */
export async function withHistory<T>(dir: string, id: string, use: (history: ObjectHistory) => Promise<T>): Promise<T> {
  const history = await openHistory({ dir, id });
  try {
    return await use(history);
  } finally {
    await history.close();
  }
}

const BOOKMARK = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/;

/** The bookmark of a moment: a bookmark, a date, or milliseconds; the newest if it is left out.
 * @throws CommandError if it is none of these */
export async function bookmarkOf(history: ObjectHistory, moment: string | undefined): Promise<string> {
  if (moment === undefined) return history.bookmark;
  if (BOOKMARK.test(moment)) return moment;
  const ms = /^\d+$/.test(moment) ? Number(moment) : Date.parse(moment);
  if (Number.isNaN(ms)) {
    throw new CommandError(`'${moment}' is neither a bookmark nor a time. A time looks like 2026-11-22T12:00:00Z.`, {
      isUsage: true,
    });
  }
  return history.bookmarkAt(ms);
}

/** @throws CommandError if it is no number of at least 0 */
export function count(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CommandError(`'${text}' is not a number.`, { isUsage: true });
}
