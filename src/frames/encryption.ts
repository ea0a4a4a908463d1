import { concat } from "../model/bytes.ts";
import type { PipelineKey } from "../model/ids.ts";
import { sha256 } from "./digest.ts";
import type { KeyRing, RingKey } from "./key-ring.ts";

/*
 * AES-256-GCM (NIST SP 800-38D) over the stored bytes of a frame.
 *
 * Layout: format (1 byte), length of the key's id (1), the id in ASCII, nonce (12), ciphertext, tag (16).
 *
 * Keys: the ring's key encrypts nothing. HKDF-SHA-256 (RFC 5869) derives from it, for each pipeline, one key
 * for AES and one for nonces. So a frame of another tenant or pipeline is under another key, and the bound
 * of SP 800-38D §8.3 (2^32 frames under one key where nonces are 96 random bits) counts a pipeline's frames.
 * One key for the whole service would reach it in 1.4 years at 100 saves a second; one pipeline, at a save a
 * second, in 136.
 *
 * Nonce: the first 96 bits of HMAC-SHA-256 under the pipeline's nonce key, over the place and the SHA-256 of
 * the bytes (the idea of SIV, RFC 5297). A random nonce would make one commit, sent twice, two different
 * frames: frame ids hold the digest of what is stored, and a late retry must write the same bytes under the
 * same name. It would be fatal, on the other hand, to derive the nonce from the write id alone: two runtimes
 * may compress one content differently, and two messages under one nonce give away their XOR and the key of
 * the tags. Here the nonce depends on everything that is encrypted or authenticated. Equal inputs give equal
 * bytes, which is the same message once more and not a second one; unequal inputs collide as random ones
 * would. A write id would add no safety. What determinism shows to somebody who reads the store: that two
 * frames of one pipeline and one version (two writers, one content) hold the same bytes. Between versions
 * nothing shows.
 *
 * A retry after the ring was given another writer makes other bytes, hence another frame: as if by another codec.
 */

/** Format of the layout above. No zlib stream and no JSON text begins with it. */
const FORMAT = 0xe1;
const NONCE = 12;
const TAG = 16;
const text = new TextEncoder();

/**
 * Where a frame belongs: authenticated with it, so that bytes moved elsewhere do not open. A `frameId` that is
 * made from the digest of the encrypted bytes cannot be part of it.
 */
export interface FramePlace extends PipelineKey {
  readonly version: number;
  readonly frameId?: string;
}

/** Whether stored bytes are laid out as above. */
export function isEncrypted(stored: Uint8Array): boolean {
  return stored[0] === FORMAT;
}

/**
 * Encrypts a frame's bytes with the ring's writer: the same place, bytes and writer give the same result (see
 * above), longer than the bytes by 30 and the length of the key's id.
 */
export async function encrypt(ring: KeyRing, place: FramePlace, bytes: Uint8Array): Promise<Uint8Array> {
  const { writer } = ring;
  // A caller who changed the bytes after their digest was taken would get a nonce that belongs to others.
  const content = bytes.slice();
  const additionalData = authenticated(writer.id, place);
  const [keys, digest] = await Promise.all([pipelineKeys(writer, place), sha256(content)]);
  const mac = await crypto.subtle.sign("HMAC", keys.nonce, concat([additionalData, digest]));
  const iv = new Uint8Array(mac, 0, NONCE);
  const algorithm = { name: "AES-GCM", iv, additionalData, tagLength: 8 * TAG };
  const sealed = await crypto.subtle.encrypt(algorithm, keys.frame, content);
  return concat([
    Uint8Array.of(FORMAT, writer.id.length),
    text.encode(writer.id),
    iv,
    new Uint8Array(sealed),
  ]);
}

/**
 * What `decrypt` answers. Only `mismatch` and `truncated` are damage: `unknown_key` is a ring that lacks a key,
 * unless the stored bytes do not match their digest either.
 */
export type Decrypted =
  | { ok: true; bytes: Uint8Array }
  | {
      ok: false;
      reason: "not_encrypted" | "truncated" | "unknown_key" | "mismatch";
      /** A part of a sentence; never holds keys or content. */
      problem: string;
    };

/** The bytes that `encrypt` was given for this very place, under any key of the ring; or why there are none. */
export async function decrypt(ring: KeyRing, place: FramePlace, stored: Uint8Array): Promise<Decrypted> {
  const parts = split(stored);
  if ("ok" in parts) return parts;
  const key = ring.readers.get(parts.keyId);
  if (!key) return refuse("unknown_key", "encrypted with a key that is not in the key ring");
  const { frame } = await pipelineKeys(key, place);
  const additionalData = authenticated(key.id, place);
  const algorithm = { name: "AES-GCM", iv: parts.iv, additionalData, tagLength: 8 * TAG };
  try {
    return { ok: true, bytes: new Uint8Array(await crypto.subtle.decrypt(algorithm, frame, parts.sealed)) };
  } catch (error) {
    if ((error as Error).name !== "OperationError") throw error;
    return refuse("mismatch", "does not authenticate: damaged, or moved here from another place");
  }
}

interface Parts {
  keyId: string;
  iv: Uint8Array<ArrayBuffer>;
  sealed: Uint8Array<ArrayBuffer>;
}

function split(bytes: Uint8Array): Parts | (Decrypted & { ok: false }) {
  if (bytes.length > 0 && !isEncrypted(bytes)) return refuse("not_encrypted", "not an encrypted frame");
  const nonce = 2 + (bytes[1] ?? 0);
  const sealed = nonce + NONCE;
  if (bytes.length < sealed + TAG) return refuse("truncated", "too short for an encrypted frame");
  return {
    keyId: String.fromCharCode(...bytes.subarray(2, nonce)),
    iv: bytes.subarray(nonce, sealed) as Uint8Array<ArrayBuffer>,
    sealed: bytes.subarray(sealed) as Uint8Array<ArrayBuffer>,
  };
}

function refuse(reason: (Decrypted & { ok: false })["reason"], problem: string): Decrypted & { ok: false } {
  return { ok: false, reason, problem };
}

/** JSON keeps strings apart whatever they hold, so no two places have one encoding. */
function authenticated(keyId: string, place: FramePlace): Uint8Array<ArrayBuffer> {
  const { tenant, pipelineId, version, frameId = null } = place;
  return text.encode(JSON.stringify(["cairn-frame", FORMAT, keyId, tenant, pipelineId, version, frameId]));
}

/** A pipeline's own keys under a key of the ring. */
async function pipelineKeys(
  key: RingKey,
  { tenant, pipelineId }: PipelineKey,
): Promise<{ frame: CryptoKey; nonce: CryptoKey }> {
  const info = text.encode(JSON.stringify(["cairn-frame-keys", FORMAT, tenant, pipelineId]));
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  const bits = await crypto.subtle.deriveBits(algorithm, await key.import(), 512);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const [frame, nonce] = await Promise.all([
    crypto.subtle.importKey("raw", bits.slice(0, 32), "AES-GCM", false, ["encrypt", "decrypt"]),
    crypto.subtle.importKey("raw", bits.slice(32), hmac, false, ["sign"]),
  ]);
  return { frame, nonce };
}
