import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineEvent } from "../../model/event.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { checkpointPage, decodeCursor, encodeCursor, eventPage, matches, pipelinesCut } from "../pages.ts";
import type { Due, Page, PageRequest, PipelineFilter } from "../types.ts";
import { readable } from "../unreadable.ts";
import { decodeCheckpoint, decodeEvent, decodeHead } from "./fields.ts";
import { type Keys, pipelineOf } from "./keys.ts";
import { dueScript, pageScript, pipelinesScript } from "./lua/reads.ts";
import { list, pairs, type Reply, text } from "./reply.ts";
import { call } from "./script.ts";
import type { Transport } from "./transport.ts";

export interface ListOptions {
  transport: Transport;
  keys: Keys;
  /** About how many bytes one answer may hold. */
  room: number;
}

/** How many entries one call looks at, and how many calls one page of pipelines makes: a rare match ends it. */
const LOOK = 1000;
const CALLS = 10;

export async function listCheckpoints(
  options: ListOptions,
  key: PipelineKey,
  page: PageRequest & { label?: string },
): Promise<Page<CheckpointRecord>> {
  checkpointPage([], page);
  const { order, checkpoints } = options.keys.of(key);
  const label = page.label === undefined ? [] : [JSON.stringify(page.label)];
  const records = await gather(options, [order, checkpoints], position("checkpoints", page), page, label);
  return checkpointPage(
    records.map((record) => decodeCheckpoint(key, record)),
    page,
  );
}

export async function listEvents(
  options: ListOptions,
  key: PipelineKey,
  page: PageRequest,
): Promise<Page<PipelineEvent>> {
  eventPage([], page);
  const records = await gather(options, [options.keys.of(key).events], position("events", page), page, []);
  return eventPage(records.map(decodeEvent).reverse(), page);
}

/** Where the page begins: below a score. The cursor was checked before. */
function position(name: string, { cursor }: PageRequest): string {
  return cursor === undefined ? "+inf" : `(${decodeCursor(name, cursor)}`;
}

/** One record more than the page takes, so that its end shows. */
async function gather(
  { transport, room }: ListOptions,
  keys: string[],
  from: string,
  { limit }: PageRequest,
  label: string[],
): Promise<string[]> {
  const records: string[] = [];
  let below = from;
  while (records.length <= limit) {
    const args = [below, limit + 1 - records.length, LOOK, room].map(String);
    const answer = await call(transport, { script: pageScript, keys, args: [...args, ...label] });
    const [next, ...found] = list(answer).map(text);
    records.push(...found);
    if (!next) break;
    below = `(${next}`;
  }
  return records;
}

/** Pipelines by id. Reads heads for as long as the page is not full, but not a whole tenant for a rare match. */
export async function listPipelines(
  { transport, keys, room }: ListOptions,
  tenant: string,
  filter: PipelineFilter,
  page: PageRequest,
): Promise<Page<Head>> {
  const data: Head[] = [];
  let after = decodeCursor("pipelines", page.cursor) ?? "";
  const status = filter.status ?? "";
  const kind = filter.kind === undefined ? "" : JSON.stringify(filter.kind);
  for (let calls = 0; calls < CALLS; calls++) {
    const want = page.limit + 1 - data.length;
    const args = [keys.prefix, tenant, after, want, LOOK, room, status, kind].map(String);
    const answer = await call(transport, { script: pipelinesScript, keys: [keys.index(tenant)], args });
    const [next, ...rest] = list(answer);
    const heads = threes(rest).flatMap(([id, flat, writes]) => {
      const key = { tenant, pipelineId: text(id) };
      return readable(key, () => headFrom(key, flat, writes));
    });
    data.push(...heads.filter((head) => matches(head, filter)));
    if (data.length > page.limit) return pipelinesCut(data, page.limit);
    after = text(next);
    if (after === "") return { data, cursor: null };
  }
  return { data, cursor: encodeCursor("pipelines", after) };
}

export interface DueOptions extends ListOptions {
  /** How long a pipeline that was listed is not listed again, unless its time changes. */
  claimSeconds: number;
  ahead: () => number;
}

/** Claims pipelines whose time has come, of all tenants. */
export async function claimDue(options: DueOptions, limit: number): Promise<Due[]> {
  const { transport, keys, room } = options;
  const due: Due[] = [];
  while (due.length < limit) {
    const args = [keys.prefix, limit - due.length, room, options.claimSeconds * 1000, options.ahead()];
    const answer = await call(transport, { script: dueScript, keys: [keys.due], args: args.map(String) });
    const [more, ...rest] = list(answer);
    due.push(...threes(rest).flatMap(dueFrom));
    if (text(more) === "") break;
  }
  return due;
}

function dueFrom([member, flat, writes]: Reply[]): Due[] {
  const key = pipelineOf(text(member));
  return readable(key, () => ({ key, head: headFrom(key, flat, writes) }));
}

function headFrom(key: PipelineKey, flat: Reply | undefined, writes: Reply | undefined): Head {
  return decodeHead(key, pairs(flat), text(writes));
}

function threes(replies: readonly Reply[]): Reply[][] {
  return Array.from({ length: Math.floor(replies.length / 3) }, (_, i) => replies.slice(i * 3, i * 3 + 3));
}
