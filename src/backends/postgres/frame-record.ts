import type { Chain, FrameRef, PartsFacts } from "../../model/frame.ts";

/**
 * A frame's record as it is stored: without names, for it stands in every version and checkpoint, and a name repeated
 * a hundred times is most of it.
 */
export type StoredRef = [
  frameId: string,
  codec: string,
  storedSha256: string,
  storedBytes: number,
  seal: string,
  version: number,
  chain: StoredChain | null,
  parts?: PartsFacts,
];

type StoredChain = [
  links: string,
  storedBytes: number,
  baseCodec: string,
  baseBytes: number,
  fullBytes: number,
  fullStoredBytes: number,
  unverified: number,
];

/** Where SQL finds the links of a chain in a stored record. */
export const LINKS = "->6->>0";

export function encodeRef(ref: FrameRef): StoredRef {
  const { frameId, codec, storedSha256, storedBytes, seal, version, chain, parts } = ref;
  const own = [
    frameId,
    codec,
    storedSha256,
    storedBytes,
    seal,
    version,
    chain ? encodeChain(chain) : null,
  ] as const;
  return parts ? [...own, parts] : [...own];
}

export function decodeRef(stored: StoredRef): FrameRef {
  const [frameId, codec, storedSha256, storedBytes, seal, version, chain, parts] = stored;
  const ref = { frameId, codec, storedSha256, storedBytes, seal, version };
  return { ...ref, ...(chain && { chain: decodeChain(chain) }), ...(parts && { parts }) };
}

function encodeChain({ links, storedBytes, base, full, unverified }: Chain): StoredChain {
  return [links, storedBytes, base.codec, base.bytes, full.bytes, full.storedBytes, unverified];
}

function decodeChain(stored: StoredChain): Chain {
  const [links, storedBytes, codec, bytes, fullBytes, fullStoredBytes, unverified] = stored;
  const full = { bytes: fullBytes, storedBytes: fullStoredBytes };
  return { links, storedBytes, base: { codec, bytes }, full, unverified };
}
