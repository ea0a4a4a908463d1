import type { CheckpointRecord } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { Head } from "../model/head.ts";
import type { Page, PageRequest, PipelineFilter } from "./types.ts";

/** An opaque cursor: where the next page begins, by a list's own order. */
export function encodeCursor(list: string, position: string): string {
  return btoa(`${list}:${position}`).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @throws CairnError `invalid_cursor` when it is not one of this list's */
export function decodeCursor(list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const bad = new CairnError("invalid_cursor", `cursor: not one that this list gave out`);
  if (!/^[A-Za-z0-9_-]{1,512}$/.test(cursor)) throw bad;
  let text: string;
  try {
    text = atob(cursor.replace(/-/g, "+").replace(/_/g, "/"));
  } catch {
    throw bad;
  }
  if (!text.startsWith(`${list}:`)) throw bad;
  return text.slice(list.length + 1);
}

function numericCursor(list: string, cursor: string | undefined): number {
  const position = decodeCursor(list, cursor);
  if (position === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[0-9]{1,15}$/.test(position))
    throw new CairnError("invalid_cursor", "cursor: not one that this list gave out");
  return Number(position);
}

/** One page of checkpoints, newest first, out of all (in any order). */
export function checkpointPage(
  all: readonly CheckpointRecord[],
  page: PageRequest & { label?: string },
): Page<CheckpointRecord> {
  const before = numericCursor("checkpoints", page.cursor);
  const found = all
    .filter((record) => record.sequence < before)
    .filter((record) => page.label === undefined || record.label === page.label)
    .sort((a, b) => b.sequence - a.sequence);
  return cut("checkpoints", found, page.limit, (record) => String(record.sequence));
}

/** One page of events, newest first, out of all (oldest first). */
export function eventPage(all: readonly PipelineEvent[], page: PageRequest): Page<PipelineEvent> {
  const before = numericCursor("events", page.cursor);
  const found = all.filter((event) => eventOrder(event) < before).reverse();
  return cut("events", found, page.limit, (event) => String(eventOrder(event)));
}

/** At most 10,000 events a commit (one for each checkpoint found damaged): revision and index in one number. */
function eventOrder(event: PipelineEvent): number {
  const [revision, index] = event.eventId.split("-").map(Number);
  return (revision ?? 0) * 10_000 + (index ?? 0);
}

/** One page of pipelines by id, out of all that match. */
export function pipelinePage(all: readonly Head[], page: PageRequest): Page<Head> {
  const after = decodeCursor("pipelines", page.cursor);
  const found = all
    .filter((head) => after === undefined || head.pipelineId > after)
    .sort((a, b) => (a.pipelineId < b.pipelineId ? -1 : 1));
  return cut("pipelines", found, page.limit, (head) => head.pipelineId);
}

/** A page out of matching pipelines in order, of which there are more than fit. */
export function pipelinesCut(found: readonly Head[], limit: number): Page<Head> {
  const data = found.slice(0, limit);
  return { data, cursor: encodeCursor("pipelines", data.at(-1)!.pipelineId) };
}

function cut<T>(list: string, found: T[], limit: number, position: (item: T) => string): Page<T> {
  const data = found.slice(0, limit);
  const last = data.at(-1);
  return { data, cursor: last && found.length > limit ? encodeCursor(list, position(last)) : null };
}

/** Whether a pipeline is one that the filter asks for; a deleted one never is. */
export function matches(head: Head, filter: PipelineFilter): boolean {
  if (head.deleted) return false;
  if (filter.status !== undefined && head.status !== filter.status) return false;
  if (filter.kind !== undefined && head.kind !== filter.kind) return false;
  if (filter.updatedBefore !== undefined && head.updatedAt >= filter.updatedBefore) return false;
  return Object.entries(filter.labels ?? {}).every(([name, value]) => head.labels[name] === value);
}
