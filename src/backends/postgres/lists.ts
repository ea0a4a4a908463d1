import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineEvent } from "../../model/event.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { checkpointPage, decodeCursor, encodeCursor, eventPage } from "../pages.ts";
import type { Page, PageRequest, PipelineFilter } from "../types.ts";
import { decodeCheckpoint, decodeEvent, decodeHeads, keyIn } from "./decode.ts";
import { json, labelTexts, plain } from "./encode.ts";
import type { Query } from "./runner.ts";
import { CHECKPOINTS, EVENTS, PIPELINES } from "./statements.ts";

/** The largest bigint: a comparison with another type would leave the index unused. */
const LAST = "9223372036854775807";

export async function listCheckpoints(
  query: Query,
  key: PipelineKey,
  page: PageRequest & { label?: string },
): Promise<Page<CheckpointRecord>> {
  checkpointPage([], page); // refuses a cursor that is not a number
  const before = decodeCursor("checkpoints", page.cursor) ?? LAST;
  const label = json(page.label) ?? null;
  const rows = await query(CHECKPOINTS, [...nameOf(key), before, label, String(page.limit + 1)]);
  const records = rows.map((row) => decodeCheckpoint(row.checkpoint!, key.pipelineId));
  return checkpointPage(records, page);
}

export async function listEvents(
  query: Query,
  key: PipelineKey,
  page: PageRequest,
): Promise<Page<PipelineEvent>> {
  eventPage([], page); // as above
  const before = decodeCursor("events", page.cursor) ?? LAST;
  const rows = await query(EVENTS, [...nameOf(key), before, String(page.limit + 1)]);
  return eventPage(rows.map((row) => decodeEvent(row.event!)).reverse(), page);
}

export async function listPipelines(
  query: Query,
  tenant: string,
  filter: PipelineFilter,
  page: PageRequest,
): Promise<Page<Head>> {
  const after = plain(decodeCursor("pipelines", page.cursor) ?? "");
  const labels = arrayText(labelTexts(filter.labels ?? {}));
  const wanted = [filter.status ?? null, json(filter.kind) ?? null, labels, filter.updatedBefore ?? null];
  const rows = await query(PIPELINES, [plain(tenant), after, ...wanted, String(page.limit + 1)]);
  const heads = rows.slice(0, page.limit).map((row) => row.head!);
  const cursor = rows.length > page.limit ? encodeCursor("pipelines", keyIn(heads.at(-1)!).pipelineId) : null;
  return { data: decodeHeads(heads), cursor };
}

export function nameOf({ tenant, pipelineId }: PipelineKey): [string, string] {
  return [plain(tenant), plain(pipelineId)];
}

/** An array as Postgres reads it. Known while it plans, unlike what a query finds: so it picks the right index. */
function arrayText(items: readonly string[]): string | null {
  if (items.length === 0) return null;
  return `{${items.map((item) => `"${item.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
