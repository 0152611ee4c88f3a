/** `holdfast bookmark` */
import { bookmarkOf, type Context, findObject, withHistory } from "../context.js";

export async function bookmark({ dir, output }: Context, object: string, { at }: { readonly at?: string }): Promise<void> {
  const id = await findObject(dir, object);
  await withHistory(dir, id, async (history) => output.one({ bookmark: await bookmarkOf(history, at) }));
}
