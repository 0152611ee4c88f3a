/** `holdfast export` */
import { writeFile } from "node:fs/promises";
import { bookmarkOf, CommandError, type Context, findObject, withHistory } from "../context.js";

export async function exportDatabase(
  { dir, output }: Context,
  object: string,
  file: string,
  { at }: { readonly at?: string },
): Promise<void> {
  const id = await findObject(dir, object);
  await withHistory(dir, id, async (history) => {
    const bookmark = await bookmarkOf(history, at);
    const bytes = await history.exportAt(bookmark);
    try {
      await writeFile(file, bytes, { flag: "wx" });
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
      throw new CommandError(`${file} is there already. Give another name, or remove it.`);
    }
    output.one({ object: id, bookmark, file, bytes: bytes.length });
  });
}
