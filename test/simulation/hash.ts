import { hash } from "node:crypto";

/** SHA-256 without a thread: 64 lowercase hex digits. */
export function sha256Now(bytes: Uint8Array | string): string {
  return hash("sha256", bytes, "hex");
}

/** The same as bytes. */
export function digestNow(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(hash("sha256", bytes, "buffer")).buffer as ArrayBuffer;
}
