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
  return (bytes.length <= SHORT ? decodeAscii(bytes, 0, bytes.length) : undefined) ?? decoder.decode(bytes);
}

/** The text in bytes from `start` to `end`, if all are ASCII. For short ones this beats the platform's decoder; several characters at once,
 * because each step makes a text. */
export function decodeAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  const at = (i: number): number => bytes[i] as number;
  let text = "";
  let i = start;
  for (; i + 8 <= end; i += 8) {
    const [a, b, c, d] = [at(i), at(i + 1), at(i + 2), at(i + 3)];
    const [e, f, g, h] = [at(i + 4), at(i + 5), at(i + 6), at(i + 7)];
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; i + 3 <= end; i += 3) {
    const [a, b, c] = [at(i), at(i + 1), at(i + 2)];
    if ((a | b | c) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c);
  }
  for (; i < end; i++) {
    if (at(i) > 0x7f) return undefined;
    text += String.fromCharCode(at(i));
  }
  return text;
}
