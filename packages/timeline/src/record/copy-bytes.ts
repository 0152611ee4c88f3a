/** A copy of some bytes. Not `bytes.slice()`: a store may hand out Node's Buffers, whose `slice` is a view. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes);
}
