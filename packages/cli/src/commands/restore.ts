/** `holdfast restore` and `holdfast undo`: the only commands that write. */
import { type ObjectHistory, openStorage } from "holdfast";
import { bookmarkOf, CommandError, type Context, findObject, withHistory } from "../context.js";

export async function restore(context: Context, object: string, moment: string): Promise<void> {
  const id = await findObject(context.dir, object);
  const bookmark = await withHistory(context.dir, id, (history) => bookmarkOf(history, moment));
  await restoreTo(context, id, bookmark);
}

export async function undo(context: Context, object: string): Promise<void> {
  const id = await findObject(context.dir, object);
  const before = await withHistory(context.dir, id, beforeLastRestore);
  if (before === undefined) throw new CommandError(`Object '${id}' was never restored: there is nothing to undo.`);
  await restoreTo(context, id, before);
}

/** The newest state of the session before the last restore that was carried out. */
async function beforeLastRestore(history: ObjectHistory): Promise<string | undefined> {
  const carriedOut = new Set<string>();
  for (const { bookmark, failure } of await history.restores()) if (failure === undefined) carriedOut.add(bookmark);
  let last: string | undefined;
  let beforeOpening: string | undefined;
  let found: string | undefined;
  for await (const { kind, bookmark } of history.entries()) {
    if (kind === "open") beforeOpening = last;
    if (carriedOut.has(bookmark)) found = beforeOpening;
    last = bookmark;
  }
  return found;
}

/** As the object itself would: armed in one session, carried out by the next. */
async function restoreTo({ dir, output }: Context, id: string, bookmark: string): Promise<void> {
  const opened = await openStorage({ dir, id });
  try {
    await opened.storage.onNextSessionRestoreBookmark(bookmark);
    await opened.restart();
    const last = (await opened.restores()).at(-1);
    if (!last || last.failure !== undefined) {
      throw new CommandError(`Nothing was restored: ${last?.failure ?? "the request was lost"}.`);
    }
    output.one({ object: id, restored: last.requested, bookmark: last.bookmark });
  } finally {
    await opened.close();
  }
}
