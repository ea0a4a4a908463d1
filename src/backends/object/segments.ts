import { sha256Hex } from "../../frames/digest.ts";
import { bytesIn } from "../../model/bytes.ts";
import { chainOf } from "../../model/chain.ts";
import { encodeContainer } from "./container.ts";
import type { Draft } from "./draft.ts";
import { segmentKey } from "./keys.ts";
import type { Segment, SegmentRecord, SegmentRef } from "./record.ts";
import { runsOf } from "./runs.ts";

export type Contents = Pick<Segment, "checkpoints" | "events" | "frames">;

/** Segments that are rewritten next to each other become one, up to this many bytes of frames. */
const MERGED_BYTES = 64 * 1024;

/** Writes the segments anew that a commit has changed, without the frames that nothing names any more. */
export async function rewriteSegments(draft: Draft): Promise<void> {
  const { key, segments, dirty } = draft;
  if (!segments || dirty.size === 0) return;
  const refs: SegmentRef[] = [];
  const garbage = [...draft.record!.garbage];
  let merged = nothing();
  const flush = async () => {
    if (merged.checkpoints.length + merged.events.length + merged.frames.size > 0)
      refs.push(await putSegment(draft, merged));
    merged = nothing();
  };
  for (const ref of draft.record!.segments) {
    const segment = dirty.has(ref.name) ? segments.find(({ name }) => name === ref.name) : undefined;
    if (!segment || bytesIn(merged.frames.values()) > MERGED_BYTES) await flush();
    if (!segment) refs.push(ref);
    else {
      garbage.push(segmentKey(key, ref.name));
      add(merged, segment, new Set(ref.chains));
    }
  }
  await flush();
  draft.record = { ...draft.record!, segments: refs, garbage };
}

function nothing(): Contents {
  return { checkpoints: [], events: [], frames: new Map() };
}

function add(merged: Contents, segment: Contents, chains: ReadonlySet<string>): void {
  merged.checkpoints.push(...segment.checkpoints);
  merged.events.push(...segment.events);
  for (const [frameId, bytes] of segment.frames)
    if (chains.has(chainOf({ frameId }))) merged.frames.set(frameId, bytes);
}

/** The revision in the name keeps an old segment from coming back under a name that was given up. */
export async function putSegment(
  draft: Draft,
  { checkpoints, events, frames }: Contents,
): Promise<SegmentRef> {
  const record: SegmentRecord = { ...draft.key, checkpoints, events };
  const { bytes } = await encodeContainer(record, frames);
  const name = `${draft.record!.head.revision}-${(await sha256Hex(bytes)).slice(0, 16)}`;
  draft.puts.set(segmentKey(draft.key, name), bytes);
  const chains = [...new Set([...frames.keys()].map((frameId) => chainOf({ frameId })))];
  const runs = runsOf(checkpoints);
  return { name, checkpoints: checkpoints.length, events: events.length, chains, runs };
}
