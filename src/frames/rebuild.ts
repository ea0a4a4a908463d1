import type { Link } from "../model/chain.ts";
import type { FrameRef } from "../model/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import { checkStored, type Damage, damageOf } from "./damage.ts";
import { applyDelta } from "./delta/apply.ts";
import { DeltaError, MAX_BYTES } from "./delta/format.ts";
import { inspectDelta } from "./delta/inspect.ts";
import { openDelta } from "./delta-frame.ts";
import { type FrameOptions, unpackFrame } from "./stored.ts";

type Rebuilt = { ok: true; content: Uint8Array } | Damage;
type LinkedDelta = { delta: Uint8Array; link: Link };
type Opened = { ok: true; full: Uint8Array; deltas: LinkedDelta[] } | Damage;

interface Target {
  bytes: number;
  frame: FrameRef;
}

/**
 * The content that a chain makes. Every frame of it is checked before the first is decoded any further.
 *
 * @param depth how many of its deltas are applied: fewer than all make the content of an earlier version
 */
export async function rebuild(
  key: PipelineKey,
  target: Target,
  links: readonly Link[],
  stored: readonly (Uint8Array | null)[],
  options: FrameOptions,
  depth = links.length - 1,
): Promise<Rebuilt> {
  const opened = await open(key, target, links, stored, options);
  if (!opened.ok) return opened;
  return applyAll(opened.full, opened.deltas.slice(0, depth));
}

/**
 * All deltas in their order, in two arrays by turns: a long chain of a large state makes no more garbage than a short
 * one. The full frame's bytes may be another's, and are only read.
 */
function applyAll(full: Uint8Array, deltas: readonly LinkedDelta[]): Rebuilt {
  let longest = 0;
  let content = full;
  const rooms: Uint8Array[] = [];
  let at = 0;
  try {
    for (at = 0; at < deltas.length; at++)
      longest = Math.max(longest, inspectDelta(deltas[at]!.delta).targetBytes);
    for (at = 0; at < deltas.length; at++) {
      rooms[at % 2] ??= new Uint8Array(longest);
      content = applyDelta(content, deltas[at]!.delta, MAX_BYTES, rooms[at % 2]);
    }
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    return damageOf(deltas[at]!.link, "does not apply to the frame before it");
  }
  return { ok: true, content: content.length < longest / 2 ? content.slice() : content };
}

/** From the last frame, whose digest the record knows, back to the first: each delta knows that of the one before. */
async function open(
  key: PipelineKey,
  { bytes, frame }: Target,
  links: readonly Link[],
  stored: readonly (Uint8Array | null)[],
  options: FrameOptions,
): Promise<Opened> {
  let sha256 = frame.storedSha256;
  const first = frame.version - (links.length - 1);
  const deltas: LinkedDelta[] = [];
  for (let i = links.length - 1; i > 0; i--) {
    const link = links[i]!;
    const checked = await checkStored(link, stored[i] ?? null, sha256);
    if (!checked.ok) return checked;
    const opened = await openDelta({ ...key, version: first + i }, checked.bytes, options);
    if (!opened.ok) return damageOf(link, opened.problem);
    deltas.unshift({ delta: opened.delta, link });
    sha256 = opened.baseSha256;
  }
  const checked = await checkStored(links[0]!, stored[0] ?? null, sha256);
  if (!checked.ok) return checked;
  const base = frame.chain?.base ?? { codec: frame.codec, bytes };
  const full = await unpackFrame({ ...key, version: first }, base.codec, checked.bytes, base.bytes, options);
  return full.ok ? { ok: true, full: full.bytes, deltas } : damageOf(links[0]!, full.problem);
}
