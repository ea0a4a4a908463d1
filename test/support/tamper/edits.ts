import type { Random } from "../../frames/delta/versions.ts";

/** What one edit does to the stored bytes of a frame, and of the frame that it is swapped with. */
export const KINDS = [
  "bit flip",
  "truncate",
  "append",
  "delete",
  "first byte",
  "swap: pipelines",
  "swap: tenants",
  "replay",
] as const;
export type Kind = (typeof KINDS)[number];

/** Kinds that need no other frame. */
export function edited(kind: Kind, bytes: Uint8Array, random: Random): Uint8Array | null {
  if (kind === "delete") return null;
  if (kind === "truncate") return bytes.slice(0, random(bytes.length));
  if (kind === "append") {
    const more = new Uint8Array(bytes.length + 1 + random(20)).map(() => random(256));
    more.set(bytes);
    return more;
  }
  // The first bytes say how the rest is to be read: the format, the compression, zlib's method.
  const at = kind === "first byte" ? random(2) : random(bytes.length);
  return bytes.with(at, bytes[at]! ^ (kind === "first byte" ? 1 + random(255) : 1 << random(8)));
}
