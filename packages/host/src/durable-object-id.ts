/** durable-object-id.ts
 * Ids, byte for byte as the platform's local runtime makes them (`spec/runtime` §5.1):
 *
 *   key = SHA-256(uniqueKey)        id = base ‖ HMAC(key, base)        base = HMAC(key, name) or 16 random bytes        HMACs cut to 16 bytes
 *
 * Synchronous, as the platform's calls are; WebCrypto is not, so the hashes come from a library. */

import { notOfType, type ObjectAlarm, type Public } from "@holdfast/core";
import { encodeWtf8 } from "@holdfast/core/contract";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";

/** `spec/runtime` §5.1: longer names are not told to the object. */
const MAX_NAME_BYTES = 1024;

export class DurableObjectId {
  /** There are none here. */
  declare readonly jurisdiction?: string;
  /** The name it was made from, if it is known. */
  declare readonly name?: string;
  readonly #hex: string;

  /** Made by a namespace only. */
  constructor(hex: string, name?: string) {
    this.#hex = hex;
    const known = name !== undefined && encodeWtf8(name).length <= MAX_NAME_BYTES ? name : undefined;
    const shown = { enumerable: true, writable: false, configurable: true };
    Object.defineProperties(this, { jurisdiction: { value: undefined, ...shown }, name: { value: known, ...shown } });
  }

  /** 64 lower-case hex digits. */
  toString(): string {
    return this.#hex;
  }

  /** Whether both are the same object's. @throws TypeError if `other` is no id */
  equals(other: ObjectId): boolean {
    if (!(other instanceof DurableObjectId)) throw notOfType("equals", "DurableObjectId", 1, "DurableObjectId");
    return other.#hex === this.#hex;
  }

  get [Symbol.toStringTag](): string {
    return "DurableObjectId";
  }
}

/** An id as its users see it. */
export type ObjectId = Public<DurableObjectId>;

/** Makes and checks the ids of one namespace. */
export class IdFactory {
  readonly #key: Uint8Array;

  constructor(uniqueKey: string) {
    this.#key = sha256(new TextEncoder().encode(uniqueKey));
  }

  fromName(name: string): DurableObjectId {
    return new DurableObjectId(this.#sealed(this.#mac(encodeWtf8(name))), name);
  }

  /** `random`: 16 fresh random bytes. */
  unique(random: Uint8Array): DurableObjectId {
    return new DurableObjectId(this.#sealed(random));
  }

  /** @throws TypeError for text that is no id, or an id of another namespace */
  fromString(text: string): DurableObjectId {
    if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new TypeError("Invalid Durable Object ID: must be 64 hex digits");
    const hex = text.toLowerCase();
    if (!this.owns(hex)) throw new TypeError("Durable Object ID is not valid for this namespace.");
    return new DurableObjectId(hex);
  }

  /** Whether an id of 64 hex digits is this namespace's. */
  owns(hex: string): boolean {
    return this.#sealed(hexToBytes(hex.slice(0, 32))) === hex;
  }

  #sealed(base: Uint8Array): string {
    return bytesToHex(concatBytes(base, this.#mac(base)));
  }

  #mac(bytes: Uint8Array): Uint8Array {
    return hmac(sha256, this.#key, bytes).subarray(0, 16);
  }
}

/** An object's id with the name that its data has kept, which is kept from now on; a facet's text says all there is. */
export function withStoredName(
  id: DurableObjectId | string,
  kept: Pick<ObjectAlarm, "storedName" | "nameObject">,
): DurableObjectId | string {
  if (typeof id === "string") return id;
  const name = id.name ?? kept.storedName;
  if (name !== undefined) kept.nameObject(name);
  return name === id.name ? id : new DurableObjectId(id.toString(), name);
}
