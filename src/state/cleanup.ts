import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Caller, Core } from "./core.ts";
import { readContent, requireHead } from "./read.ts";
import { writeBlind } from "./write.ts";

export interface CleanupOptions extends Caller {
  /** Keep at least this many, the newest. @default 100 */
  keepLast?: number;
  /** Delete only what is older than so many seconds. @default 0 */
  olderThanSeconds?: number;
}

/**
 * Deletes old checkpoints of a pipeline. The newest checkpoint of a state that verifies always stays, read back
 * before anything goes (design invariant 9).
 */
export async function cleanup(
  core: Core,
  key: PipelineKey,
  { keepLast = 100, olderThanSeconds = 0, ...caller }: CleanupOptions,
): Promise<{ deleted: number }> {
  await requireHead(core, key);
  const records = await allCheckpoints(core, key);
  const before = new Date(Date.now() - olderThanSeconds * 1000).toISOString();
  const candidates = records.slice(keepLast).filter((record) => record.createdAt <= before);
  if (candidates.length === 0) return { deleted: 0 };
  const safe = await newestThatVerifies(core, key, records);
  const gone = candidates.filter((record) => record.checkpointId !== safe?.checkpointId);
  if (gone.length === 0) return { deleted: 0 };
  const request = ["cleanup", gone.map((record) => record.checkpointId)];
  await writeBlind(
    core,
    { key, caller, request, expect: { create: "never" } },
    { checkpoints: new Map(gone.map((record) => [record.checkpointId, "drop"])) },
  );
  return { deleted: gone.length };
}

async function allCheckpoints(core: Core, key: PipelineKey): Promise<CheckpointRecord[]> {
  const records: CheckpointRecord[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await core.backend.checkpoints(key, { limit: 500, ...(cursor ? { cursor } : {}) });
    records.push(...page.data);
    cursor = page.cursor;
  }
  return records;
}

async function newestThatVerifies(
  core: Core,
  key: PipelineKey,
  records: readonly CheckpointRecord[],
): Promise<CheckpointRecord | null> {
  for (const record of records) {
    if (record.source !== "state" || record.quarantinedAt !== null) continue;
    if ((await readContent(core, key, record)).ok) return record;
  }
  return null;
}
