/** local-file.ts
 * The SQLite file under a native engine: a cache of an image, in a scratch folder.
 *
 *   open: marker fits the head ──▶ take the file over, unlink the marker ──▶ in use ──▶ close at durable == head ──▶ marker
 *         anything else        ──▶ write the file anew from the image ───────┘        └▶ close otherwise ─────────▶ no file
 *
 * 1. Without a marker nothing is believed: a process that dies leaves none, because the marker is gone before the first write (T12).
 * 2. A marker fits if it names this object's incarnation, the opening right before this one, and the same commit. Another opening in between
 *    may have been on another engine, with the same number of commits.
 * 3. Closing a database of node:sqlite writes its log into the file whatever was asked for, so a file that may hold more than is durable is
 *    removed (T13).
 * 4. Each opening has a file name of its own: a session that was left behind may still have the last one open. */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type Image, PAGE_SIZE, type Position } from "@holdfast/core/contract";

const MARKER = "clean.json";
const CHUNK_PAGES = 256;

interface Marker {
  readonly file: string;
  readonly objectId: string;
  readonly incarnation: string;
  readonly epoch: number;
  readonly txid: number;
  readonly pageCount: number;
}

export class LocalFile {
  readonly path: string;
  /** Whether the file of the last opening could be taken over. */
  readonly reused: boolean;
  readonly #folder: string;
  readonly #objectId: string;

  constructor(scratchDir: string, objectId: string, head: Position, image: Image) {
    // Ids may hold any character and have any length.
    this.#folder = join(scratchDir, createHash("sha256").update(objectId).digest("hex").slice(0, 40));
    this.#objectId = objectId;
    mkdirSync(this.#folder, { recursive: true });
    const file = `${head.epoch}-${head.incarnation.toString(16)}.sqlite`;
    this.path = join(this.#folder, file);
    const marker = this.#takeMarker();
    this.reused = marker !== undefined && fits(marker, objectId, head, image) && this.#hasSize(marker.file, image.pageCount);
    if (this.reused) renameSync(join(this.#folder, (marker as Marker).file), this.path);
    this.#removeOthers(file);
    if (!this.reused) writeImage(this.path, image);
  }

  /** Ends the use of the file, which is closed already. `durable` is the position it holds if that is durable. */
  release(durable: Position | undefined, pageCount: number): void {
    // A log that is still there could not be written into the file; a file that is not there was removed with the cache.
    if (!durable || existsSync(`${this.path}-wal`) || !existsSync(this.path)) {
      for (const suffix of ["", "-wal"]) rmSync(`${this.path}${suffix}`, { force: true });
      return;
    }
    sync(this.path);
    const marker: Marker = {
      file: `${durable.epoch}-${durable.incarnation.toString(16)}.sqlite`,
      objectId: this.#objectId,
      incarnation: durable.incarnation.toString(16),
      epoch: durable.epoch,
      txid: durable.txid,
      pageCount,
    };
    const temporary = join(this.#folder, `${MARKER}.tmp`);
    writeFileSync(temporary, JSON.stringify(marker));
    sync(temporary);
    renameSync(temporary, join(this.#folder, MARKER));
    sync(this.#folder);
  }

  /** Reads the marker, and removes it before anything else happens (rule 1). */
  #takeMarker(): Marker | undefined {
    const path = join(this.#folder, MARKER);
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") return undefined;
      throw error;
    }
    rmSync(path);
    sync(this.#folder);
    try {
      return JSON.parse(text) ?? undefined;
    } catch {
      return undefined; // no marker of ours: nothing is believed
    }
  }

  #hasSize(file: string, pageCount: number): boolean {
    const { size } = statSync(join(this.#folder, file), { throwIfNoEntry: false }) ?? { size: -1 };
    return size === pageCount * PAGE_SIZE;
  }

  #removeOthers(keep: string): void {
    for (const name of readdirSync(this.#folder)) {
      if (!this.reused || name !== keep) rmSync(join(this.#folder, name), { force: true });
    }
  }
}

function fits(marker: Marker, objectId: string, head: Position, image: Image): boolean {
  return (
    marker.objectId === objectId &&
    marker.incarnation === head.incarnation.toString(16) &&
    marker.epoch === head.epoch - 1 &&
    marker.txid === head.txid &&
    marker.pageCount === image.pageCount
  );
}

function writeImage(path: string, image: Image): void {
  const descriptor = openSync(path, "wx");
  try {
    for (let first = 1; first <= image.pageCount; first += CHUNK_PAGES) {
      const count = Math.min(CHUNK_PAGES, image.pageCount - first + 1);
      const chunk = new Uint8Array(count * PAGE_SIZE);
      for (let i = 0; i < count; i++) chunk.set(image.read(first + i), i * PAGE_SIZE);
      for (let written = 0; written < chunk.length; ) written += writeSync(descriptor, chunk, written);
    }
  } finally {
    closeSync(descriptor);
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
