/** `holdfast query` */
import { bookmarkOf, type Context, findObject, withHistory } from "../context.js";

export async function query(
  { dir, output }: Context,
  object: string,
  sql: string,
  { at }: { readonly at?: string },
): Promise<void> {
  const id = await findObject(dir, object);
  await withHistory(dir, id, async (history) => output.rows(await history.queryAt(await bookmarkOf(history, at), sql)));
}
