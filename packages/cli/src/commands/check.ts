/** `holdfast check` */
import { type Context, findObject, objectIds, withHistory } from "../context.js";
import { startProgress } from "../progress.js";

type Checked = {
  readonly object: string;
  readonly records: number;
  readonly result: string;
};

/** Whether everything is well. */
export async function check({ dir, output, progress: isShown }: Context, object: string | undefined): Promise<boolean> {
  const ids = object === undefined ? await objectIds(dir) : [await findObject(dir, object)];
  const progress = startProgress(isShown, ids.length, "objects");
  const checked: Checked[] = [];
  try {
    for (const id of ids) {
      checked.push(await checkObject(dir, id));
      progress.step();
    }
  } finally {
    progress.stop();
  }
  output.rows(checked);
  return checked.every(({ result }) => result === OK);
}

const OK = "ok";

/** Damage is a result here, not a failure. */
async function checkObject(dir: string, object: string): Promise<Checked> {
  let records = 0;
  try {
    return await withHistory(dir, object, async (history) => {
      for await (const _ of history.entries()) records += 1;
      const found = history.isEmpty ? [] : await history.integrityAt(history.bookmark);
      return { object, records, result: found.length === 0 ? OK : found.join("; ") };
    });
  } catch (error) {
    return { object, records, result: error instanceof Error ? error.message : String(error) };
  }
}
