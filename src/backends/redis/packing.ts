import { concat } from "../../model/bytes.ts";
import type { Argument, Transport } from "./transport.ts";

/**
 * A frame as it is stored: `r` and its bytes, or `b` and their base64 (RFC 4648 §4), for REST requests are JSON
 * and a script decodes base64 far slower than anything else here. Whoever reads one knows it by its first byte.
 */
export function pack(frame: Uint8Array, packing: Transport["packing"]): Argument {
  return packing === "raw" ? concat([RAW, frame]) : `b${base64(frame)}`;
}

const RAW = Uint8Array.of("r".charCodeAt(0));

/** How many bytes `pack` makes of a frame. */
export function packedLength(length: number, packing: Transport["packing"]): number {
  return packing === "raw" ? 1 + length : 1 + 4 * Math.ceil(length / 3);
}

/** As `pack`, in parts of about `size` bytes at most, which make it when they are put together. */
export function packInParts(frame: Uint8Array, packing: Transport["packing"], size: number): Argument[] {
  // Base64 can be cut after every 3 bytes only.
  const step = packing === "raw" ? size - 1 : 3 * Math.floor((size - 1) / 4);
  if (step < 1) throw new RangeError("maxRequestBytes is too small to stage a frame.");
  const parts: Argument[] = [];
  for (let from = 0; from === 0 || from < frame.length; from += step) {
    const slice = frame.subarray(from, from + step);
    const plain = packing === "raw" ? slice : base64(slice);
    parts.push(from === 0 ? pack(slice, packing) : plain);
  }
  return parts;
}

/** The bytes of a stored frame. What is damaged comes out as other bytes, for its reader to find out. */
export function unpack(stored: Uint8Array): Uint8Array {
  const rest = stored.subarray(1);
  const kind = String.fromCharCode(stored[0] ?? 0);
  if (kind === "r") return rest;
  if (kind !== "b") return stored;
  const encoded = ascii(rest);
  const decoded = new Uint8Array(Buffer.from(encoded, "base64"));
  // The decoder skips what is none of its letters: only what encodes to the same again is undamaged.
  return base64(decoded) === encoded ? decoded : rest;
}

function base64(slice: Uint8Array): string {
  return Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength).toString("base64");
}

function ascii(slice: Uint8Array): string {
  return Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength).toString("latin1");
}
