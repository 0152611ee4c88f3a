/** `holdfast ls` */
import type { ObjectHistory } from "holdfast";
import { type Context, objectIds, withHistory } from "../context.js";
import { time } from "../output.js";
import { startProgress } from "../progress.js";

export async function list(
  { dir, output, progress: isShown }: Context,
  { long = false }: { readonly long?: boolean },
): Promise<void> {
  const ids = await objectIds(dir);
  if (!long) return output.rows(ids.map((object) => ({ object })));
  const progress = startProgress(isShown, ids.length, "objects");
  const rows = [];
  try {
    for (const object of ids) {
      rows.push({ object, ...(await withHistory(dir, object, summary)) });
      progress.step();
    }
  } finally {
    progress.stop();
  }
  output.rows(rows);
}

async function summary(history: ObjectHistory): Promise<Summary> {
  let commits = 0;
  let bytes = 0;
  let changed = "";
  let alarm = "";
  for await (const entry of history.entries()) {
    if (entry.kind === "commit") commits += 1;
    bytes += entry.bytes;
    changed = time(entry.at);
    if (entry.alarm !== undefined) alarm = entry.alarm === null ? "" : time(entry.alarm);
  }
  return { commits, bytes, changed, alarm };
}

interface Summary {
  readonly commits: number;
  readonly bytes: number;
  readonly changed: string;
  readonly alarm: string;
}
