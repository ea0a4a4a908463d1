import { type DeltaHeader, walkDelta } from "./walk.ts";

export interface DeltaFacts {
  targetBytes: number;
  copiedBytes: number;
  insertedBytes: number;
  /** The length of the one base that the delta applies to. */
  baseBytesNeeded: number;
}

/**
 * Checks a delta without its base: what passes here applies to any base of `baseBytesNeeded` bytes. Takes
 * time in proportion to the delta and no memory. The caller compares `targetBytes` with its limit.
 *
 * @throws DeltaError
 */
export function inspectDelta(delta: Uint8Array): DeltaFacts {
  const facts = { targetBytes: 0, copiedBytes: 0, insertedBytes: 0, baseBytesNeeded: 0 };
  walkDelta(delta, {
    header: ({ targetBytes, baseBytes }: DeltaHeader) => {
      facts.targetBytes = targetBytes;
      facts.baseBytesNeeded = baseBytes;
    },
    insert: (_from, length) => {
      facts.insertedBytes += length;
    },
    copy: (_from, length) => {
      facts.copiedBytes += length;
    },
  });
  return facts;
}
