/** Text as SQLite stores it here (rule 5 of `driver.ts`): UTF-8, but a lone surrogate keeps its own three bytes (WTF-8, `spec/kv` §1.6). */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Up to this length a loop over ASCII beats the platform's encoder. */
const SHORT = 48;

export function encodeWtf8(text: string): Uint8Array {
  if (text.length <= SHORT) {
    const bytes = new Uint8Array(text.length);
    let i = 0;
    for (; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      bytes[i] = code;
    }
    if (i === text.length) return bytes;
  }
  if (!LONE_SURROGATE.test(text)) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0xd800 || code > 0xdfff) bytes.push(...encoder.encode(character));
    else bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  }
  return Uint8Array.from(bytes);
}

/** A surrogate's three bytes come back as three U+FFFD, as on the platform. */
export function decodeWtf8(bytes: Uint8Array): string {
  if (bytes.length <= SHORT) {
    let text = "";
    let i = 0;
    for (; i < bytes.length; i++) {
      const code = bytes[i] as number;
      if (code > 0x7f) break;
      text += String.fromCharCode(code);
    }
    if (i === bytes.length) return text;
  }
  return decoder.decode(bytes);
}
