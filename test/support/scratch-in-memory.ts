import type { ScratchFile } from "@holdfast/core/contract";

/** A scratch file in memory, for the tests of every package that uses one. */
export function scratchInMemory(onClose: () => void = () => {}): ScratchFile & { readonly bytes: number } {
  let bytes = new Uint8Array(0);
  return {
    read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
    write: (offset, written) => {
      const grown = new Uint8Array(Math.max(bytes.length, offset + written.length));
      grown.set(bytes);
      grown.set(written, offset);
      bytes = grown;
    },
    close: onClose,
    get bytes() {
      return bytes.length;
    },
  };
}
