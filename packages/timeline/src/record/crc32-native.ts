/** CRC-32 by the platform, where it has one: about three times as fast as ours. */
import * as zlib from "node:zlib";
import { crc32 as inScript } from "./crc32.js";

type Crc32 = (bytes: Uint8Array, before?: number) => number;

/** The checksum of `bytes`, continuing from an earlier part's. */
export const crc32: Crc32 = (bytes, before = 0) => (bytes.length === 0 ? before : ofSome(bytes, before));

/** zlib's forgets what was before if there is nothing to add. */
const ofSome: Crc32 = (zlib as { crc32?: Crc32 }).crc32 ?? inScript;
