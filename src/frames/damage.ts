import type { Link } from "../model/chain.ts";
import type { FrameRef } from "../model/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import { seal, sha256Hex } from "./digest.ts";

/** What is wrong, and with which frame. */
export interface Damage {
  ok: false;
  problem: string;
  frameId: string;
}

export function damageOf({ frameId }: Pick<Link, "frameId">, what: string): Damage {
  return { ok: false, problem: `frame ${frameId}: ${what}`, frameId };
}

/** The stored bytes of a frame, if they are those that it was stored as. @param sha256 of them, hex */
export async function checkStored(
  link: Link,
  stored: Uint8Array | null,
  sha256: string,
): Promise<{ ok: true; bytes: Uint8Array } | Damage> {
  if (stored === null) return damageOf(link, "missing from the store");
  if (stored.length !== link.storedBytes)
    return damageOf(link, `${stored.length} bytes stored, not ${link.storedBytes}`);
  if ((await sha256Hex(stored)) !== sha256) return damageOf(link, "stored bytes do not match their digest");
  return { ok: true, bytes: stored };
}

/** Whether the frame is sealed for this very place and content; null: it is. */
export async function checkSeal(
  key: PipelineKey,
  { frame, sha256 }: { frame: FrameRef; sha256: string },
): Promise<Damage | null> {
  if ((await seal(key, frame.version, frame.codec, sha256)) === frame.seal) return null;
  return damageOf(frame, "sealed for another tenant, pipeline, version or codec");
}
