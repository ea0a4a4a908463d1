import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { Draft } from "./draft.ts";
import { gatheredRows } from "./frames.ts";
import { takeOut } from "./inline.ts";
import type { Item } from "./item.ts";
import type { HeadRecord } from "./record.ts";
import { checkpointRow, eventsRow } from "./rows.ts";

/** So many checkpoints that came in one batch are not kept in the head until the next checkpoint. */
const RECENT = 8;
/** Events are worth a row of their own from so many on, or when other rows are written anyway. */
const EVENTS = 24;
const EVENTS_BESIDE = 8;

/**
 * Moves out of the head what need not be there, and returns the rows to write before it. Only checkpoints and events
 * that were in the head that was opened move: they are settled, and their row right, whatever becomes of this commit.
 * Of a frame the name says what it holds.
 *
 * @param beside whether rows are written anyway
 */
export function spill(draft: Draft, beside: boolean): Item[] {
  const moving = movingCheckpoints(draft);
  const gone = new Set(moving);
  const recent = draft.record!.recent.filter((record) => !gone.has(record));
  draft.record = { ...draft.record!, recent };
  const rows = moving.map((record) => checkpointRow(draft.key, record));
  rows.push(
    ...gatheredRows(draft.key, draft.opened.revision ?? 0, takeOut(draft, beside || rows.length > 0)),
  );
  rows.push(...spillEvents(draft, beside || rows.length > 0));
  return rows;
}

/** A commit without a checkpoint writes no rows of them: it is one request. */
function movingCheckpoints({ opened, record }: Draft): CheckpointRecord[] {
  const settled = new Set(opened.record?.recent);
  const moving = record!.recent.filter((each) => settled.has(each));
  const adds = moving.length < record!.recent.length;
  return adds || moving.length > RECENT ? moving : [];
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
