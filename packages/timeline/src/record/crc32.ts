/** CRC-32 (IEEE 802.3, as in zip and `zlib.crc32`), sixteen bytes at a time: this package also runs where there is no zlib. */

/** Sixteen tables of 256, one behind the other: entry `256 * t + byte` is what a byte with `t` bytes behind it adds. */
const TABLE = makeTable();
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function makeTable(): Int32Array {
  const table = new Int32Array(16 * 256);
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    table[i] = value;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256] as number;
    table[i] = (before >>> 8) ^ (table[before & 0xff] as number);
  }
  return table;
}

/** The checksum of `bytes`, continuing from an earlier part's. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let i = 0;
  const add = (end: number) => {
    for (; i < end; i++) crc = tableAt(0, crc ^ (bytes[i] as number)) ^ (crc >>> 8);
  };
  if (IS_LITTLE_ENDIAN && bytes.length >= 20) {
    add(-bytes.byteOffset & 3); // up to where words can be read
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + i, (bytes.length - i) >> 2);
    const whole = words.length & ~3;
    crc = addWords(crc, words, whole);
    i += 4 * whole;
  }
  add(bytes.length);
  return ~crc >>> 0;
}

/** Four words at a time, `count` of them. */
function addWords(before: number, words: Int32Array, count: number): number {
  let crc = before;
  for (let i = 0; i < count; i += 4) {
    const a = crc ^ (words[i] as number);
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    crc = atWord(12, a) ^ atWord(8, b) ^ atWord(4, c) ^ atWord(0, d);
  }
  return crc;
}

/** What a word with `behind` bytes behind it adds. */
const atWord = (behind: number, word: number): number =>
  tableAt(behind + 3, word) ^ tableAt(behind + 2, word >>> 8) ^ tableAt(behind + 1, word >>> 16) ^ tableAt(behind, word >>> 24);

const tableAt = (behind: number, byte: number): number => TABLE[256 * behind + (byte & 0xff)] as number;
