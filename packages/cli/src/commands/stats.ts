/** `holdfast stats` */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Context, objectIds } from "../context.js";

export async function stats({ dir, output }: Context): Promise<void> {
  const ids = await objectIds(dir);
  const bytes = { journals: 0, logs: 0, snapshots: 0, lostAndFound: 0 };
  for (const { path, size } of await files(dir)) {
    if (path.startsWith("journal-")) bytes.journals += size;
    else if (path.startsWith("lost+found")) bytes.lostAndFound += size;
    else if (path.endsWith(".snapshot")) bytes.snapshots += size;
    else if (path.endsWith(".log") || path.endsWith(".record")) bytes.logs += size;
  }
  const all = Object.values(bytes).reduce((sum, one) => sum + one, 0);
  output.one({ objects: ids.length, ...bytes, all });
}

/** Every file below a folder. One that goes meanwhile is left out. */
async function files(dir: string): Promise<{ path: string; size: number }[]> {
  const names = await readdir(dir, { recursive: true });
  const found = await Promise.all(
    names.map(async (path) => {
      const known = await stat(join(dir, path)).catch(gone);
      return known?.isFile() ? [{ path, size: known.size }] : [];
    }),
  );
  return found.flat();
}

/** @throws what is not the absence of a file */
function gone(error: { code?: string }): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}
