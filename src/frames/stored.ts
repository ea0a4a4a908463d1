import { CairnError } from "../model/errors.ts";
import { type Compression, compress, decompress } from "./compression.ts";
import { decrypt, encrypt, type FramePlace } from "./encryption.ts";
import type { KeyRing } from "./key-ring.ts";

/** How frames are stored. */
export interface FrameOptions {
  compression?: Compression;
  encryption?: Encryption;
}

/** Frames are encrypted with the ring's first key. */
export interface Encryption {
  ring: KeyRing;
  /** A frame that is not encrypted is refused. It is not damage: nothing is given up for it. */
  required: boolean;
}

/** What a codec of an encrypted frame ends in. */
const ENCRYPTED = "+aes-256-gcm";

/** Bytes as they go to the store, compressed where that pays, and encrypted where there is a key. */
export async function packFrame(
  place: FramePlace,
  content: Uint8Array,
  options: FrameOptions,
): Promise<{ codec: string; bytes: Uint8Array }> {
  const packed = await compress(content, options.compression);
  return { codec: codecOf(packed.codec, options), bytes: await lock(place, packed.bytes, options) };
}

/** The codec's name, with what encryption adds to it. */
export function codecOf(codec: string, { encryption }: FrameOptions): string {
  return encryption ? codec + ENCRYPTED : codec;
}

/** Whether frames of that codec may be read at all, by what is said of encryption: not whether the key is there. */
export function isAllowed(codec: string, { encryption }: FrameOptions): boolean {
  return codec.endsWith(ENCRYPTED) ? encryption !== undefined : encryption?.required !== true;
}

export function lock(place: FramePlace, bytes: Uint8Array, options: FrameOptions): Promise<Uint8Array> {
  return options.encryption ? encrypt(options.encryption.ring, place, bytes) : Promise.resolve(bytes);
}

export type Unpacked = { ok: true; bytes: Uint8Array } | { ok: false; problem: string };

/**
 * What `packFrame` was given.
 *
 * @param size of the content
 * @throws CairnError `unsupported_format`: a later release's codec, or a key that is not in the ring: no damage
 */
export async function unpackFrame(
  place: FramePlace,
  codec: string,
  stored: Uint8Array,
  size: number,
  options: FrameOptions,
): Promise<Unpacked> {
  const encrypted = codec.endsWith(ENCRYPTED);
  const opened = await unlock(place, stored, encrypted, options);
  if (!opened.ok) return opened;
  const compression = encrypted ? codec.slice(0, -ENCRYPTED.length) : codec;
  if (compression !== "identity" && compression !== "deflate") throw laterCodec();
  const bytes = await decompress(compression, opened.bytes, size);
  return bytes ? { ok: true, bytes } : { ok: false, problem: `does not decode as ${codec} to ${size} bytes` };
}

/** Stored bytes without their encryption. @throws CairnError `unsupported_format`: a key is missing, or encryption */
export async function unlock(
  place: FramePlace,
  stored: Uint8Array,
  encrypted: boolean,
  { encryption }: FrameOptions,
): Promise<Unpacked> {
  if (!encrypted && encryption?.required) throw notEncrypted();
  if (!encrypted) return { ok: true, bytes: stored };
  if (!encryption) throw missingKey();
  const decrypted = await decrypt(encryption.ring, place, stored);
  if (!decrypted.ok && decrypted.reason === "unknown_key") throw missingKey();
  return decrypted;
}

export function laterCodec(): CairnError {
  return new CairnError("unsupported_format", "A frame was stored by a later release.");
}

function notEncrypted(): CairnError {
  return new CairnError(
    "unsupported_format",
    "A frame is not encrypted, and must be. While what is older is moved, encryption must not be required.",
  );
}

function missingKey(): CairnError {
  return new CairnError(
    "unsupported_format",
    "A frame is encrypted with a key that this service was not given.",
  );
}
