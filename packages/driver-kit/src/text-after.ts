/** The text behind a byte offset of its UTF-8 (or WTF-8) encoding. */
export function textAfter(text: string, byteOffset: number): string {
  let bytes = 0;
  let index = 0;
  while (bytes < byteOffset && index < text.length) {
    const code = text.codePointAt(index) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    index += code < 0x10000 ? 1 : 2;
  }
  return text.slice(index);
}
