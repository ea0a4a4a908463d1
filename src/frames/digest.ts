import type { PipelineKey } from "../model/ids.ts";

const text = new TextEncoder();

/** SHA-256 (FIPS 180-4), 32 bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/** SHA-256 as 64 lowercase hex digits. */
export async function sha256Hex(bytes: Uint8Array | string): Promise<string> {
  return toHex(await sha256(typeof bytes === "string" ? text.encode(bytes) : bytes));
}

export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/** `null` unless an even number of hex digits. */
export function fromHex(hex: string): Uint8Array | null {
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) return null;
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}

/**
 * Binds content to its place: SHA-256 over tenant, pipeline, version, codec and SHA-256(content), hex
 * (design invariant 5). The parts cannot contain a newline, so no two places share a preimage.
 */
export function seal(
  key: PipelineKey,
  version: number,
  codec: string,
  contentSha256: string,
): Promise<string> {
  return sha256Hex(["cairn-frame", key.tenant, key.pipelineId, version, codec, contentSha256].join("\n"));
}
