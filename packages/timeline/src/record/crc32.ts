/** CRC-32 (IEEE 802.3, as in zip and `zlib.crc32`), eight bytes at a time: this package also runs where there is no zlib. */
const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    first[i] = value >>> 0;
  }
  const tables = [first];
  for (let t = 1; t < 8; t++) {
    const before = tables[t - 1] as Uint32Array;
    tables.push(before.map((value) => (value >>> 8) ^ (first[value & 0xff] as number)));
  }
  return tables;
}

const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** The checksum of `bytes`, continuing from an earlier part's. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let i = 0;
  const at = (table: Uint32Array, index: number) => table[index & 0xff] as number;
  const byte = (offset: number) => bytes[i + offset] as number;
  for (; i + 8 <= bytes.length; i += 8) {
    const low = crc ^ (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24));
    crc =
      at(T7, low) ^
      at(T6, low >>> 8) ^
      at(T5, low >>> 16) ^
      at(T4, low >>> 24) ^
      at(T3, byte(4)) ^
      at(T2, byte(5)) ^
      at(T1, byte(6)) ^
      at(T0, byte(7));
  }
  for (; i < bytes.length; i++) crc = at(T0, crc ^ byte(0)) ^ (crc >>> 8);
  return ~crc >>> 0;
}
