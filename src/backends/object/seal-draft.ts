import { sha256Hex } from "../../frames/digest.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import { encodeContainer } from "./container.ts";
import type { Draft } from "./draft.ts";
import { segmentKey } from "./keys.ts";
import type { Segment, SegmentRecord, SegmentRef } from "./record.ts";

/** A head larger than this sheds its checkpoints and events into an immutable segment. */
const SPILL_BYTES = 128 * 1024;
/** Not worth a segment of its own. */
const LEAST_SPILL_BYTES = 24 * 1024;

/** The bytes of the head to write; segments it names are added to `draft.puts`. */
export async function sealDraft(draft: Draft): Promise<Uint8Array> {
  await rewriteSegments(draft);
  keepNamed(draft);
  const bytes = await encodeContainer(draft.record, draft.frames);
  if (bytes.length <= SPILL_BYTES || spillable(draft) < LEAST_SPILL_BYTES) return bytes;
  await spill(draft);
  keepNamed(draft);
  return encodeContainer(draft.record, draft.frames);
}

/** Frames that neither the state, the older versions nor the head's own checkpoints name leave the head. */
function keepNamed(draft: Draft): void {
  const { head, checkpoints } = draft.record!;
  const owners = [...(head.state ? [head.state] : []), ...head.history, ...checkpoints];
  const named = new Set(owners.map((owner) => owner.frame.frameId));
  for (const id of draft.frames.keys()) if (!named.has(id)) draft.frames.delete(id);
}

async function rewriteSegments(draft: Draft): Promise<void> {
  const { key, record, segments } = draft;
  if (!segments || draft.dirty.size === 0) return;
  const refs: SegmentRef[] = [];
  const garbage = [...record!.garbage];
  for (const ref of record!.segments) {
    const segment = segments.find(({ name }) => name === ref.name);
    // One that is lost stays named: then it is known to be lost.
    if (!segment || !draft.dirty.has(ref.name)) refs.push(ref);
    else {
      garbage.push(segmentKey(key, segment.name));
      if (segment.checkpoints.length + segment.events.length > 0) refs.push(await putSegment(draft, segment));
    }
  }
  draft.record = { ...record!, segments: refs, garbage };
}

/** Bytes that a spill would take out of the head. */
function spillable(draft: Draft): number {
  const { checkpoints, events } = draft.record!;
  const frames = checkpointFrames(draft, checkpoints);
  const inline = [...frames.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  return inline + JSON.stringify([checkpoints, events]).length;
}

async function spill(draft: Draft): Promise<void> {
  const { record } = draft;
  const { checkpoints, events } = record!;
  const ref = await putSegment(draft, { checkpoints, events, frames: checkpointFrames(draft, checkpoints) });
  draft.record = { ...record!, checkpoints: [], events: [], segments: [...record!.segments, ref] };
}

/** The revision in the name keeps an old segment from coming back under a name that was given up. */
async function putSegment(
  draft: Draft,
  { checkpoints, events, frames }: Pick<Segment, "checkpoints" | "events" | "frames">,
): Promise<SegmentRef> {
  const record: SegmentRecord = { ...draft.key, checkpoints, events };
  const named = new Set(checkpoints.map(({ frame }) => frame.frameId));
  const bytes = await encodeContainer(record, new Map([...frames].filter(([id]) => named.has(id))));
  const name = `${draft.record!.head.revision}-${(await sha256Hex(bytes)).slice(0, 16)}`;
  draft.puts.set(segmentKey(draft.key, name), bytes);
  return { name, checkpoints: checkpoints.length, newest: checkpoints.at(-1)?.sequence ?? 0 };
}

function checkpointFrames(draft: Draft, checkpoints: readonly CheckpointRecord[]): Map<string, Uint8Array> {
  const ids = new Set(checkpoints.map(({ frame }) => frame.frameId));
  return new Map([...draft.frames].filter(([id]) => ids.has(id)));
}
