/** temporary-file.ts
 * A file of SQLite's that nobody needs after it: a rollback journal, or what a savepoint may have to put back. In a scratch file, with its end in
 * memory until it is long enough to be written at once: SQLite writes a few bytes at a time, nearly always at the end. */
import type { ScratchFile } from "@holdfast/core/contract";

const BUFFER_BYTES = 256 * 1024;

export class TemporaryFile {
  readonly #file: ScratchFile;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  /** Where the buffer begins in the file, and how much of it is filled. */
  #start = 0;
  #filled = 0;

  constructor(file: ScratchFile) {
    this.#file = file;
  }

  get bytes(): number {
    return this.#start + this.#filled;
  }

  /** Fills `into` as far as there are bytes; how many. */
  read(offset: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.bytes - offset));
    const inFile = Math.max(0, Math.min(count, this.#start - offset));
    if (inFile > 0) this.#file.read(offset, into.subarray(0, inFile));
    const from = offset + inFile - this.#start;
    if (count > inFile) into.set(this.#buffer.subarray(from, from + count - inFile), inFile);
    return count;
  }

  write(offset: number, bytes: Uint8Array): void {
    if (offset < this.#start || offset > this.bytes || offset - this.#start + bytes.length > BUFFER_BYTES) this.#flush();
    if (offset === this.bytes && bytes.length <= BUFFER_BYTES) this.#append(bytes);
    else if (offset >= this.#start && offset + bytes.length <= this.bytes) this.#buffer.set(bytes, offset - this.#start);
    else this.#writeThrough(offset, bytes);
  }

  truncate(bytes: number): void {
    this.#flush();
    this.#start = Math.min(this.#start, bytes);
  }

  close(): void {
    this.#file.close();
  }

  #append(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > BUFFER_BYTES) this.#flush();
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** Everything is in the file when this is called: the buffer is empty. */
  #writeThrough(offset: number, bytes: Uint8Array): void {
    this.#flush();
    if (offset > this.#start) this.#file.write(this.#start, new Uint8Array(offset - this.#start)); // a hole reads as zeros
    this.#file.write(offset, bytes);
    this.#start = Math.max(this.#start, offset + bytes.length);
  }

  #flush(): void {
    if (this.#filled === 0) return;
    this.#file.write(this.#start, this.#buffer.subarray(0, this.#filled));
    this.#start += this.#filled;
    this.#filled = 0;
  }
}
