import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineEvent } from "../../model/event.ts";
import { FORMAT } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Upgrades } from "../object/container.ts";
import { type Item, number, pack, unpack } from "./item.ts";
import { after, CHECKPOINTS, checkpointSk, type EVENTS, eventsSk, partition } from "./keys.ts";
import { count, has } from "./ranges.ts";
import { type HeadRecord, marked } from "./record.ts";
import type { Query, Table } from "./table.ts";

/** Where rows are, and how earlier formats are read. */
export interface Rows {
  table: Table;
  upgrades: Upgrades;
}

export function checkpointRow(key: PipelineKey, record: CheckpointRecord): Item {
  return {
    pk: { S: partition(key) },
    sk: { S: checkpointSk(record.sequence) },
    format: number(FORMAT),
    checkpointId: { S: record.checkpointId },
    record: pack(record),
  };
}

export function eventsRow(key: PipelineKey, events: readonly PipelineEvent[]): Item {
  const sk = eventsSk(events[0]!.eventId, events.at(-1)!.eventId);
  return { pk: { S: partition(key) }, sk: { S: sk }, format: number(FORMAT), events: pack(events) };
}

/** The query for rows of one kind, newest first: from those at `before` down. */
export function rowsOf(key: PipelineKey, kind: typeof CHECKPOINTS | typeof EVENTS, before?: string): Query {
  return {
    where: "#pk = :pk AND #sk BETWEEN :from AND :to",
    values: { ":pk": { S: partition(key) }, ":from": { S: kind }, ":to": { S: before ?? after(kind) } },
    descending: true,
  };
}

/** Checkpoints of rows that the head says are there, as they are now. */
export function liveCheckpoints(
  head: HeadRecord,
  items: readonly Item[],
  upgrades: Upgrades,
): CheckpointRecord[] {
  const recent = new Set(head.recent.map(({ sequence }) => sequence));
  const records = items
    .map((item) => unpack<CheckpointRecord>(item, "record", upgrades))
    .filter(({ sequence }) => has(head.live, sequence) && !recent.has(sequence));
  return marked(head, records);
}

export function eventsOf(head: HeadRecord, items: readonly Item[], upgrades: Upgrades): PipelineEvent[] {
  const events = items.flatMap((item) => unpack<PipelineEvent[]>(item, "events", upgrades));
  return events.filter(({ eventId }) => Number(eventId.split("-")[0]) > head.bornAfter);
}

/** All checkpoints that have a row, oldest first; `null` when some are gone: the head has moved on. */
export async function rowCheckpoints(
  { table, upgrades }: Rows,
  key: PipelineKey,
  head: HeadRecord,
): Promise<CheckpointRecord[] | null> {
  const wanted = count(head.live) - head.recent.length;
  if (wanted === 0) return [];
  const found: CheckpointRecord[] = [];
  for await (const items of table.query(rowsOf(key, CHECKPOINTS)))
    found.push(...liveCheckpoints(head, items, upgrades));
  return found.length < wanted ? null : found.reverse();
}
