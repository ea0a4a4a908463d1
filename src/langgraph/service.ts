import { type Cairn, CairnHttpError, type Pipeline } from "../client/index.ts";
import { checkedContent } from "../client/load.ts";
import { readJson } from "../client/send.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import type { Retention } from "../model/pipeline.ts";
import { decodeDocument, type ThreadDocument } from "./document.ts";
import { KIND, labelsOf, type Place } from "./place.ts";

/** The document of a place, and the version of the pipeline that it is; null: there is none yet. */
export interface Read {
  version: number | null;
  document: ThreadDocument | null;
}

interface Page<T> {
  data: T[];
  cursor: string | null;
}

/** The longest page there is. */
const PAGE = 500;

export async function readLatest(pipeline: Pipeline): Promise<Read> {
  const loaded = await pipeline.loadBytes();
  return loaded
    ? { version: loaded.version, document: decodeDocument(loaded) }
    : { version: null, document: null };
}

/** The newest document of a checkpoint, by its id; null when it is not there (any more). */
export async function readCheckpoint(
  cairn: Cairn,
  pipelineId: string,
  id: string,
): Promise<ThreadDocument | null> {
  const query = new URLSearchParams({ label: id, limit: "1" });
  const page = await get<Page<Checkpoint>>(cairn, `/v1/pipelines/${pipelineId}/checkpoints?${query}`);
  const [newest] = page?.data ?? [];
  return newest ? readRecord(cairn, pipelineId, newest.checkpointId) : null;
}

/** The document of a checkpoint of Cairn. */
export async function readRecord(
  cairn: Cairn,
  pipelineId: string,
  checkpointId: string,
): Promise<ThreadDocument | null> {
  const path = `/v1/pipelines/${pipelineId}/checkpoints/${checkpointId}/state`;
  const answer = await nullWhenMissing(cairn.request({ method: "GET", path, headers: {} }));
  return answer && decodeDocument(await checkedContent(answer));
}

/** All checkpoints of a place, the one put last first: the newest record of each, by its id. */
export async function listRecords(cairn: Cairn, pipelineId: string): Promise<Map<string, string>> {
  const newest = new Map<string, string>();
  const order: string[] = [];
  for await (const { label, checkpointId } of pages<Checkpoint>(
    cairn,
    `/v1/pipelines/${pipelineId}/checkpoints`,
  )) {
    if (label === null) continue;
    if (!newest.has(label)) newest.set(label, checkpointId);
    order.push(label);
  }
  // A checkpoint that writes were added to later stands where it was put.
  const put = [...new Set(order.reverse())].reverse();
  return new Map(put.map((id) => [id, newest.get(id)!]));
}

/** The pipelines of the places that are in a thread, a namespace, or both. */
export async function* listPipelines(cairn: Cairn, within: Partial<Place>): AsyncGenerator<string> {
  const query = new URLSearchParams({ kind: KIND });
  for (const [name, label] of Object.entries(await labelsOf(within))) query.set(`label.${name}`, label);
  for await (const { pipelineId } of pages<{ pipelineId: string }>(cairn, `/v1/pipelines?${query}`))
    yield pipelineId;
}

/** Makes a place's pipeline, with what it is found by; one that is there stays as it is. */
export async function register(pipeline: Pipeline, place: Place, retention: Retention): Promise<void> {
  const settings = { kind: KIND, labels: await labelsOf(place), retention };
  try {
    await pipeline.register(settings, { ifNoneMatch: "*" });
  } catch (error) {
    if (!(error instanceof CairnHttpError) || error.status !== 412) throw error;
  }
}

async function* pages<T>(cairn: Cairn, path: string): AsyncGenerator<T> {
  let cursor: string | null = null;
  do {
    const query: string = new URLSearchParams({ limit: String(PAGE), ...(cursor && { cursor }) }).toString();
    const page: Page<T> | null = await get(cairn, `${path}${path.includes("?") ? "&" : "?"}${query}`);
    yield* page?.data ?? [];
    cursor = page?.cursor ?? null;
  } while (cursor !== null);
}

/** Null for what is not there. */
async function get<T>(cairn: Cairn, path: string): Promise<T | null> {
  const answer = await nullWhenMissing(cairn.request({ method: "GET", path, headers: {} }));
  return answer && (readJson(answer) as T);
}

async function nullWhenMissing<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch((error: unknown) => {
    if (error instanceof CairnHttpError && error.code === "not_found") return null;
    throw error;
  });
}
