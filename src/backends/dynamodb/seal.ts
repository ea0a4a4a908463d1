import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { Draft } from "./draft.ts";
import { frameRow } from "./frames.ts";
import type { Item } from "./item.ts";
import type { HeadRecord } from "./record.ts";
import { checkpointRow, eventsRow } from "./rows.ts";

/** So many checkpoints that came in one batch are not kept in the head until the next checkpoint. */
const RECENT = 8;
/** Events are worth a row of their own from so many on, or when other rows are written anyway. */
const EVENTS = 24;
const EVENTS_BESIDE = 8;

/**
 * Moves out of the head what need not be there, and returns the rows to write before it. Only what was in the
 * head that was opened moves: that is settled, and its row right, whatever becomes of this commit.
 */
export function spill(draft: Draft): Item[] {
  const moving = movingCheckpoints(draft);
  const rows = moving.map((record) => checkpointRow(draft.key, record));
  rows.push(...copyFrames(draft, moving));
  const gone = new Set(moving);
  const recent = draft.record!.recent.filter((record) => !gone.has(record));
  draft.record = { ...draft.record!, recent };
  keepNamed(draft);
  rows.push(...spillEvents(draft, rows.length > 0));
  return rows;
}

/** A commit without a checkpoint writes no rows: it is one request. */
function movingCheckpoints({ opened, record }: Draft): CheckpointRecord[] {
  const settled = new Set(opened.record?.recent);
  const moving = record!.recent.filter((each) => settled.has(each));
  const adds = moving.length < record!.recent.length;
  return adds || moving.length > RECENT ? moving : [];
}

function copyFrames(draft: Draft, moving: readonly CheckpointRecord[]): Item[] {
  const copied = new Set(draft.record!.copied);
  const ids = new Set(moving.map(({ frame }) => frame.frameId));
  const fresh = [...ids].filter((id) => draft.frames.has(id) && !copied.has(id));
  draft.record = { ...draft.record!, copied: [...copied, ...fresh] };
  return fresh.map((id) => frameRow(draft.key, id, draft.frames.get(id)!));
}

/** Frames that neither the state, the older versions nor the recent checkpoints name leave the head. */
function keepNamed(draft: Draft): void {
  const { head, recent, copied, strays } = draft.record!;
  const owners = [...(head.state ? [head.state] : []), ...head.history, ...recent];
  const named = new Set(owners.map((owner) => owner.frame.frameId));
  for (const id of draft.frames.keys()) if (!named.has(id)) draft.frames.delete(id);
  const [inRow, maybe] = [copied, strays].map((ids) => ids.filter((id) => draft.frames.has(id)));
  draft.record = { ...draft.record!, copied: inRow!, strays: [...new Set(maybe)] };
}

function spillEvents(draft: Draft, beside: boolean): Item[] {
  const settled = settledEvents(draft);
  const adds = draft.record!.events.length > settled.length;
  if (settled.length < (beside ? EVENTS_BESIDE : EVENTS) || !(adds || beside)) return [];
  draft.record = { ...draft.record!, events: draft.record!.events.slice(settled.length) };
  return [eventsRow(draft.key, settled)];
}

function settledEvents({ opened, record }: Draft): HeadRecord["events"] {
  const before = new Set(opened.record?.events);
  return record!.events.filter((event) => before.has(event));
}
