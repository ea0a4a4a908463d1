import type { Effects, Page, PageRequest } from "../backends/types.ts";
import { sha256Hex } from "../frames/digest.ts";
import { encodeFrame } from "../frames/frame.ts";
import type { Checkpoint, CheckpointRecord } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import type { WriteResult } from "../model/head.ts";
import { newCheckpointId, type PipelineKey } from "../model/ids.ts";
import { checkpointView } from "../model/views.ts";
import { noCheckpoint } from "./commit.ts";
import type { Caller, Core } from "./core.ts";
import type { Large } from "./large.ts";
import { decodeContent, readContent, requireHead } from "./read.ts";
import { remindOfPruning } from "./remind.ts";
import { type Write, writeAtVersion, writeBlind } from "./write.ts";

export interface CheckpointInput {
  caller: Caller;
  label?: string;
  metadata?: NonNullable<Checkpoint["metadata"]>;
  reason?: string;
  /** Checkpoint this instead of the state; it is restored only when it is named. */
  data?: { content: Uint8Array; contentType: string };
}

/**
 * Makes a checkpoint of the state as it is, or of data given with the call.
 *
 * @throws CairnError `not_found` without a pipeline or a state, and what every write throws
 */
export async function createCheckpoint(
  core: Core,
  key: PipelineKey,
  input: CheckpointInput,
): Promise<{ checkpoint: Checkpoint; replayed: boolean }> {
  const { caller, data, label = null, metadata = null, reason = null } = input;
  const sha256 = data ? await sha256Hex(data.content) : null;
  const request = ["checkpoint", label, metadata, reason, sha256, data?.contentType ?? null];
  const write: Write = { key, caller, request, expect: { create: "never" } };
  const checkpointId = newCheckpointId();
  const draft = { checkpointId, label, metadata, reason };
  const events: Effects["events"] = [{ type: "checkpointed", checkpointId }];
  const committed = data
    ? await writeAtVersion(core, { ...write, keepsVersion: true }, undefined, async (version, writeId) => {
        const { contentSha256, ...frame } = await encodeFrame(
          key,
          version,
          `${writeId}-data`,
          data.content,
          core.frames,
        );
        const facts = { contentType: data.contentType, bytes: data.content.length, sha256: contentSha256 };
        return { checkpoint: { ...draft, data: { ...facts, frame } }, events };
      })
    : await writeBlind(core, write, { checkpoint: draft, events });
  await remindOfPruning(core, key, committed.head);
  const source = data ? "data" : "state";
  const checkpoint = checkpointAnswer(key, committed.result, { label, metadata, source })!;
  return { checkpoint, replayed: committed.replayed };
}

/** The checkpoint of a commit, from its result and what the request said. */
export function checkpointAnswer(
  key: PipelineKey,
  result: WriteResult,
  request: Pick<Checkpoint, "label" | "metadata" | "source">,
): Checkpoint | null {
  if (!result.checkpoint || !result.content) return null;
  return {
    checkpointId: result.checkpoint.checkpointId,
    pipelineId: key.pipelineId,
    version: result.version,
    sequence: result.checkpoint.sequence,
    createdAt: result.at,
    source: request.source,
    label: request.label,
    metadata: request.metadata,
    reason: result.checkpoint.reason,
    ...result.content,
    verified: result.checkpoint.verified,
    quarantinedAt: null,
  };
}

export async function listCheckpoints(
  core: Core,
  key: PipelineKey,
  page: PageRequest & { label?: string },
): Promise<Page<Checkpoint>> {
  await requireHead(core, key);
  const { data, cursor } = await core.backend.checkpoints(key, page);
  return { data: data.map(checkpointView), cursor };
}

/** All checkpoints, newest first; the store is asked for so many at once, and only as they are wanted. */
export async function* everyCheckpoint(
  core: Core,
  key: PipelineKey,
  limit = 500,
): AsyncGenerator<CheckpointRecord, void> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await core.backend.checkpoints(key, { limit, ...(cursor ? { cursor } : {}) });
    yield* page.data;
    cursor = page.cursor;
  }
}

/** @throws CairnError `not_found` */
export async function findCheckpoint(
  core: Core,
  key: PipelineKey,
  checkpointId: string,
): Promise<CheckpointRecord> {
  const record = await core.backend.checkpoint(key, checkpointId);
  if (record) return record;
  await requireHead(core, key);
  throw noCheckpoint();
}

/** A checkpoint with its content, checked. @throws CairnError `not_found`, `unrecoverable` when it is damaged */
export async function readCheckpoint(
  core: Core,
  key: PipelineKey,
  checkpointId: string,
): Promise<{ record: CheckpointRecord; content: Uint8Array | Large }> {
  const loaded = await core.backend.loadCheckpoint?.(key, checkpointId);
  const record = loaded?.record ?? (await findCheckpoint(core, key, checkpointId));
  const first = loaded && (await decodeContent(core, key, record, loaded.frames));
  const decoded = first?.ok ? first : await readContent(core, key, record);
  if (decoded.ok) return { record, content: decoded.content };
  // Deleted while it was read: gone, not damaged.
  await findCheckpoint(core, key, checkpointId);
  throw damagedCheckpoint(decoded.problem);
}

export function damagedCheckpoint(problem: string): CairnError {
  return new CairnError("unrecoverable", `The checkpoint is damaged (${problem}).`);
}

/** @throws CairnError `not_found`, and what every write throws */
export async function deleteCheckpoint(
  core: Core,
  key: PipelineKey,
  checkpointId: string,
  caller: Caller,
): Promise<{ replayed: boolean }> {
  const write: Write = {
    key,
    caller,
    request: ["deleteCheckpoint", checkpointId],
    expect: { create: "never" },
  };
  const checkpoints = new Map([[checkpointId, "drop" as const]]);
  return writeBlind(core, write, { checkpoints, events: [{ type: "checkpointDeleted", checkpointId }] });
}
