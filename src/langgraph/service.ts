import { nullWhenMissing } from "../client/errors.ts";
import { type Cairn, CairnHttpError, type Pipeline } from "../client/index.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import type { Retention } from "../model/pipeline.ts";
import { decodeDocument, type ThreadDocument } from "./document.ts";
import { KIND, labelsOf, type Place } from "./place.ts";

/** The document of a place, and the version of the pipeline that it is; null: there is none yet. */
export interface Read {
  version: number | null;
  document: ThreadDocument | null;
}

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
  const pipeline = cairn.pipeline(pipelineId);
  const page = await nullWhenMissing(pipeline.listCheckpoints({ label: id, limit: 1 }));
  const [newest] = page?.data ?? [];
  return newest ? readRecord(cairn, pipelineId, newest.checkpointId) : null;
}

/** The document of a checkpoint of Cairn. */
export async function readRecord(
  cairn: Cairn,
  pipelineId: string,
  checkpointId: string,
): Promise<ThreadDocument | null> {
  const loaded = await cairn.pipeline(pipelineId).loadCheckpointBytes(checkpointId);
  return loaded && decodeDocument(loaded);
}

/** All checkpoints of a place, the one put last first: the newest record of each, by its id. */
export async function listRecords(cairn: Cairn, pipelineId: string): Promise<Map<string, string>> {
  const newest = new Map<string, string>();
  const order: string[] = [];
  const records = (await nullWhenMissing(everyCheckpoint(cairn.pipeline(pipelineId)))) ?? [];
  for (const { label, checkpointId } of records) {
    if (label === null) continue;
    if (!newest.has(label)) newest.set(label, checkpointId);
    order.push(label);
  }
  // A checkpoint that writes were added to later stands where it was put.
  const put = [...new Set(order.reverse())].reverse();
  return new Map(put.map((id) => [id, newest.get(id)!]));
}

async function everyCheckpoint(pipeline: Pipeline): Promise<Checkpoint[]> {
  const found: Checkpoint[] = [];
  for await (const checkpoint of pipeline.checkpoints()) found.push(checkpoint);
  return found;
}

/** The pipelines of the places that are in a thread, a namespace, or both. */
export async function* listPipelines(cairn: Cairn, within: Partial<Place>): AsyncGenerator<string> {
  const filter = { kind: KIND, labels: await labelsOf(within) };
  for await (const { pipelineId } of cairn.pipelines(filter)) yield pipelineId;
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
