/** vfs-struct.ts
 * The `sqlite3_vfs` of an engine without an operating system: files are {@link WasmVfs}' pages, time and randomness are passed in. */
import type { WasmFunctions, WasmMemory, WasmVfs } from "@holdfast/vfs";

/** Bytes of a version 2 `sqlite3_vfs` on wasm32. */
export const VFS_BYTES = 76;

const VERSION = 2;
const FILE_BYTES = 4; // a `sqlite3_file` is only the pointer to its methods
const MAX_PATHNAME = 512;
const OK = 0;
const CANTOPEN = 14;
const IOERR_DELETE_NOENT = 5898;
/** SQLITE_OPEN_MAIN_JOURNAL and SQLITE_OPEN_SUBJOURNAL: what large databases may have to put back (`database.ts`). */
const TEMPORARY = 0x800 | 0x2000;
const UNIX_EPOCH_JULIAN_MS = 210_866_760_000_000;

export interface SystemParts {
  /** Milliseconds since the epoch, for `datetime('now')` and its like. */
  now(): number;
  /** Fills with random bytes, for `random()` and its like. */
  random(bytes: Uint8Array<ArrayBuffer>): void;
}

/** Fills {@link VFS_BYTES} zeroed bytes at `at`. `name` is a NUL-terminated text of the module's memory. */
export function writeVfs(
  at: number,
  name: number,
  { memory, functions, vfs, now, random }: SystemParts & { memory: WasmMemory; functions: WasmFunctions; vfs: WasmVfs },
): void {
  const julian = (): number => UNIX_EPOCH_JULIAN_MS + Math.floor(now());
  const methods: Readonly<Record<number, number>> = {
    24: functions.install("iiiiii", (_vfs: number, file: number, pointer: number, flags: number, out: number) => {
      const fileName = file === 0 ? undefined : memory.text(file);
      if (fileName !== undefined && vfs.has(fileName)) return vfs.openFile(fileName, pointer, flags, out);
      return flags & TEMPORARY ? vfs.openTemporary(pointer, flags, out) : CANTOPEN;
    }),
    28: functions.install("iiii", () => IOERR_DELETE_NOENT),
    32: functions.install("iiiii", (_vfs: number, file: number, _flags: number, out: number) => {
      memory.view.setInt32(out, vfs.fileExists(memory.text(file)) ? 1 : 0, true);
      return OK;
    }),
    36: functions.install("iiiii", (_vfs: number, file: number, _bytes: number, out: number) => {
      const { bytes } = memory;
      bytes.copyWithin(out, file, bytes.indexOf(0, file) + 1);
      return OK;
    }),
    56: functions.install("iiii", (_vfs: number, count: number, out: number) => {
      const bytes = new Uint8Array(count);
      random(bytes);
      memory.bytes.set(bytes, out);
      return count;
    }),
    60: functions.install("iii", (_vfs: number, microseconds: number) => microseconds),
    64: functions.install("iii", (_vfs: number, out: number) => {
      memory.view.setFloat64(out, julian() / 86_400_000, true);
      return OK;
    }),
    68: functions.install("iiii", () => OK),
    72: functions.install("iii", (_vfs: number, out: number) => {
      memory.view.setBigInt64(out, BigInt(julian()), true);
      return OK;
    }),
  };
  for (const [offset, value] of [
    [0, VERSION],
    [4, FILE_BYTES],
    [8, MAX_PATHNAME],
    [16, name],
  ] as const) {
    memory.setPointer(at + offset, value);
  }
  for (const [offset, index] of Object.entries(methods)) memory.setPointer(at + Number(offset), index);
}
