import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineEvent } from "../../model/event.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { checkpointPage, decodeCursor, encodeCursor, eventPage, matches, pipelinesCut } from "../pages.ts";
import type { Page, PageRequest, PipelineFilter } from "../types.ts";
import { readable } from "../unreadable.ts";
import { readHead, type Store } from "./committer.ts";
import { BY_TENANT } from "./definition.ts";
import { openItem } from "./item.ts";
import { CHECKPOINTS, checkpointSk, EVENTS, eventOrder, headKey, pipelineOf } from "./keys.ts";
import { count } from "./ranges.ts";
import { marked } from "./record.ts";
import { eventsOf, liveCheckpoints, rowsOf } from "./rows.ts";
import type { Query } from "./table.ts";

/** How many heads one call for a list reads at most: a rare match must not read a whole tenant. */
const HEADS_READ = 500;

export async function findCheckpoint(
  store: Store,
  key: PipelineKey,
  checkpointId: string,
): Promise<CheckpointRecord | null> {
  const { record } = await readHead(store, key);
  if (!record) return null;
  const recent = record.recent.filter((each) => each.checkpointId === checkpointId);
  if (recent[0] || count(record.live) === record.recent.length) return marked(record, recent)[0] ?? null;
  for await (const items of store.table.query(rowsById(key, checkpointId))) {
    const [found] = liveCheckpoints(record, items, store.upgrades);
    if (found) return found;
  }
  return null;
}

/** Looks through the rows of all checkpoints for one. */
export function rowsById(key: PipelineKey, checkpointId: string): Query {
  const { values, ...query } = rowsOf(key, CHECKPOINTS);
  return { ...query, values: { ...values, ":id": { S: checkpointId } }, filter: "#checkpointId = :id" };
}

export async function listCheckpoints(
  store: Store,
  key: PipelineKey,
  page: PageRequest & { label?: string },
): Promise<Page<CheckpointRecord>> {
  const { record } = await readHead(store, key);
  if (!record) return checkpointPage([], page);
  const all = marked(record, record.recent);
  const first = checkpointPage(all, page);
  if (first.cursor || count(record.live) === all.length) return first;
  const before = decodeCursor("checkpoints", page.cursor);
  const rows = rowsOf(key, CHECKPOINTS, before === undefined ? before : checkpointSk(Number(before)));
  // One more than asked for tells whether there is another page; of those with a label, all are looked through.
  const limit = page.label === undefined ? { limit: page.limit + 1 } : {};
  for await (const items of store.table.query({ ...rows, ...limit })) {
    all.push(...liveCheckpoints(record, items, store.upgrades));
    if (checkpointPage(all, page).cursor) break;
  }
  return checkpointPage(all, page);
}

export async function listEvents(
  store: Store,
  key: PipelineKey,
  page: PageRequest,
): Promise<Page<PipelineEvent>> {
  const { record } = await readHead(store, key);
  const all = new Map((record?.events ?? []).map((event) => [event.eventId, event]));
  // Rows may overlap, where writers of one head spilled at the same time.
  const inOrder = () =>
    [...all.values()].sort((a, b) => (eventOrder(a.eventId) < eventOrder(b.eventId) ? -1 : 1));
  const first = eventPage(inOrder(), page);
  if (!record || record.head.deleted || first.cursor) return first;
  for await (const items of store.table.query({ ...rowsOf(key, EVENTS, before(page)), limit: 20 })) {
    for (const event of eventsOf(record, items, store.upgrades)) all.set(event.eventId, event);
    if (eventPage(inOrder(), page).cursor) break;
  }
  return eventPage(inOrder(), page);
}

/** The sort key that those of rows with earlier events are before. */
function before(page: PageRequest): string | undefined {
  const position = decodeCursor("events", page.cursor);
  if (position === undefined) return undefined;
  return EVENTS + eventOrder(`${Math.floor(Number(position) / 10_000)}-${Number(position) % 10_000}`);
}

/** Pipelines by id: as the index lists them, and as their items say they are. */
export async function listPipelines(
  store: Store,
  tenant: string,
  filter: PipelineFilter,
  page: PageRequest,
): Promise<Page<Head>> {
  const after = decodeCursor("pipelines", page.cursor);
  const pages = store.table.query({
    index: BY_TENANT,
    where: after === undefined ? "#tenant = :tenant" : "#tenant = :tenant AND #pipelineId > :after",
    values: { ":tenant": { S: tenant }, ...(after === undefined ? {} : { ":after": { S: after } }) },
    limit: Math.min(page.limit + 1, HEADS_READ),
  });
  const data: Head[] = [];
  let read = 0;
  for await (const items of pages) {
    const keys = items.map(({ pk }) => pipelineOf(pk!.S!));
    data.push(...(await readHeads(store, keys)).filter((head) => matches(head, filter)));
    if (data.length > page.limit) return pipelinesCut(data, page.limit);
    read += keys.length;
    const last = keys.at(-1);
    if (read >= HEADS_READ && last) return { data, cursor: encodeCursor("pipelines", last.pipelineId) };
  }
  return { data, cursor: null };
}

async function readHeads({ table, upgrades }: Store, keys: readonly PipelineKey[]): Promise<Head[]> {
  const items = await table.getMany(keys.map(headKey));
  return items
    .flatMap((item) => {
      const key = pipelineOf(item.pk!.S!);
      return readable(key, () => openItem(item, key, upgrades).record!.head);
    })
    .sort((a, b) => (a.pipelineId < b.pipelineId ? -1 : 1));
}
