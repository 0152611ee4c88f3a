/** `holdfast log` */
import type { HistoryEntry } from "holdfast";
import { type Context, count, findObject, withHistory } from "../context.js";
import { time } from "../output.js";

export async function log({ dir, output }: Context, object: string, { limit }: { readonly limit: string }): Promise<void> {
  const most = count(limit);
  const id = await findObject(dir, object);
  await withHistory(dir, id, async (history) => {
    const newest: HistoryEntry[] = [];
    let all = 0;
    for await (const entry of history.entries()) {
      all += 1;
      newest.push(entry);
      if (newest.length > most) newest.shift();
    }
    output.rows(
      newest.reverse().map(({ at, kind, pages, bytes, bookmark, alarm }) => ({
        time: time(at),
        kind,
        pages,
        bytes,
        bookmark,
        ...(alarm !== undefined && { alarm: alarm === null ? "none" : time(alarm) }),
      })),
    );
    if (all > most) output.note(`… and ${all - most} older. \`--limit\` shows more.`);
  });
}
