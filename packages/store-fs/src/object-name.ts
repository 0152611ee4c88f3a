/** Objects' ids as names of folders. */
import { HoldfastError } from "@holdfast/timeline/contract";

/** Longest encoded id: a folder name on every file system. */
const MAX_NAME_BYTES = 240;

/** A name that no file system folds into another id's: lower-case letters, digits and `.-_` stand for themselves, every other byte as `%xx`.
 * @throws HoldfastError `HOLDFAST_USAGE` if the id is empty, too long, or not well-formed text */
export function folderName(objectId: string): string {
  let name = "";
  for (const byte of new TextEncoder().encode(objectId)) {
    const character = String.fromCharCode(byte);
    const plain = /[a-z0-9_-]/.test(character) || (character === "." && name !== "" && name !== ".");
    name += plain ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }
  if (name === "" || name.length > MAX_NAME_BYTES || /\p{Surrogate}/u.test(objectId)) {
    throw new HoldfastError(
      "HOLDFAST_USAGE",
      `An object id must be well-formed text of 1 to ${MAX_NAME_BYTES} bytes in its folder's name: '${objectId}'.`,
    );
  }
  return name;
}

export function idFromFolderName(name: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < name.length; at++) {
    if (name[at] === "%") {
      bytes.push(Number.parseInt(name.slice(at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(name.charCodeAt(at));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
