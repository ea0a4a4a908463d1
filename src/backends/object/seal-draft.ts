import { bytesIn } from "../../model/bytes.ts";
import { chainOf, depthOf } from "../../model/chain.ts";
import { type Encoded, encodeContainer } from "./container.ts";
import type { Draft } from "./draft.ts";
import type { HeadRecord } from "./record.ts";
import { type Contents, putSegment, rewriteSegments } from "./segments.ts";

/**
 * Every save puts the whole head, and a segment is one more put: a head sheds what it carries once that is so many
 * frames, of together so many bytes, so that few saves pay for a segment and none for much of what came before.
 */
const FRAMES = 8;
const FRAME_BYTES = 16 * 1024;
/** For each segment that there is, so that their number grows ever more slowly. */
const MORE_BYTES = 256;
/** Or so many checkpoints and events. */
const RECORDS = 128;
/** A head larger than this sheds what it can, unless that is not worth a segment. */
const HEAD_BYTES = 128 * 1024;
const LEAST_BYTES = 24 * 1024;
/** Fewer events without a checkpoint stay: then the segment goes when its frames do. */
const FEW_EVENTS = 32;

/** The head to write; segments it names are added to `draft.puts`. */
export async function sealDraft(draft: Draft): Promise<Encoded> {
  await rewriteSegments(draft);
  const contents = movable(draft);
  if (!isMuch(draft.record!, contents)) {
    const encoded = await encodeHead(draft);
    if (encoded.bytes.length <= HEAD_BYTES || sizeOf(contents) < LEAST_BYTES) return encoded;
  }
  await spill(draft, contents);
  return encodeHead(draft);
}

/** The checkpoints right before the head, which says much that they say: that compresses to little. */
export function encodeHead({ record, frames }: Pick<Draft, "record" | "frames">): Promise<Encoded> {
  const { head, checkpoints, ...rest } = record!;
  return encodeContainer({ ...rest, checkpoints, head }, frames);
}

/** What a segment may hold as well as the head. */
function movable({ record, frames }: Draft): Contents {
  const staying = passing(record!);
  const { checkpoints, events } = record!;
  const records = checkpoints.length > 0 || events.length > FEW_EVENTS;
  return {
    checkpoints,
    events: records ? events : [],
    frames: new Map([...frames].filter(([id]) => !staying.has(id))),
  };
}

/** Full frames that no delta builds upon: those of the next saves may take their place. */
function passing({ head: { state, history } }: HeadRecord): Set<string> {
  const chain = state && chainOf(state.frame);
  const older = history.filter(({ frame }) => chainOf(frame) !== chain);
  const full = [...(state ? [state] : []), ...older].filter(({ frame }) => depthOf(frame) === 0);
  return new Set(full.map(({ frame }) => frame.frameId));
}

function isMuch({ segments }: HeadRecord, { checkpoints, events, frames }: Contents): boolean {
  if (checkpoints.length + events.length >= RECORDS) return true;
  return frames.size >= FRAMES && bytesIn(frames.values()) >= FRAME_BYTES + MORE_BYTES * segments.length;
}

function sizeOf({ checkpoints, events, frames }: Contents): number {
  return bytesIn(frames.values()) + JSON.stringify([checkpoints, events]).length;
}

async function spill(draft: Draft, contents: Contents): Promise<void> {
  const ref = await putSegment(draft, contents);
  for (const frameId of contents.frames.keys()) draft.frames.delete(frameId);
  const record = draft.record!;
  const events = contents.events.length > 0 ? [] : record.events;
  draft.record = { ...record, checkpoints: [], events, segments: [...record.segments, ref] };
}
