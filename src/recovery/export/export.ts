import { nodeCrypto } from "../../backends/node-crypto.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { Head, StateRecord } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { settingsOf } from "../../model/views.ts";
import { everyCheckpoint } from "../../state/checkpoints.ts";
import type { Core } from "../../state/core.ts";
import type { Large } from "../../state/large.ts";
import { damagedState, readContent, requireHead, tryState } from "../../state/read.ts";
import {
  closingLine,
  contentOrder,
  type Entry,
  EXPORT_FORMAT,
  type ExportedCheckpoint,
  type ExportedState,
  lineOf,
  type Manifest,
} from "./format.ts";

type Content = Uint8Array | Large;

/**
 * A pipeline with its checkpoints as one file (docs/export-format.md): its settings, and each content once, decoded
 * and decrypted. One content, or one part of a content in parts, is in memory at a time. The same pipeline makes the
 * same bytes. What is saved meanwhile is not in it; a checkpoint that does not verify is in it by its name only.
 *
 * @throws CairnError before the first piece: `not_found`, `unrecoverable` when the state is damaged; later: what
 *   reading meets. A file that was broken off has no last line, and is never taken for a whole one.
 */
export async function* exportPipeline(core: Core, key: PipelineKey): AsyncGenerator<Uint8Array, void> {
  const hash = nodeCrypto().createHash("sha256");
  for await (const piece of pieces(core, key)) {
    hash.update(piece);
    yield piece;
  }
  yield closingLine(hash.digest("hex"));
}

async function* pieces(core: Core, key: PipelineKey): AsyncGenerator<Uint8Array, void> {
  let { head, content } = await currentOf(core, key);
  const records = await checkpointsOf(core, key, head.sequence);
  const manifest = manifestOf(head, records);
  yield lineOf(manifest);
  for (const sha256 of contentOrder(manifest)) {
    const holders = records.filter((record) => record.sha256 === sha256);
    const found = content ?? (await contentOf(core, key, holders));
    content = null;
    yield* entry(sha256, found);
  }
}

/** The state is read before there is a first piece: it may be gone after two more saves. */
async function currentOf(core: Core, key: PipelineKey): Promise<{ head: Head; content: Content | null }> {
  const head = await requireHead(core, key);
  if (!head.state) return { head, content: null };
  const found = await tryState(core, key, { thorough: true });
  if (!found.ok) throw damagedState(found);
  return { head: found.head, content: found.content };
}

/** @param last the sequence of the newest checkpoint that belongs to the head: those made since are left out */
async function checkpointsOf(core: Core, key: PipelineKey, last: number): Promise<CheckpointRecord[]> {
  const records: CheckpointRecord[] = [];
  for await (const record of everyCheckpoint(core, key)) if (record.sequence <= last) records.push(record);
  return records;
}

function manifestOf(head: Head, records: readonly CheckpointRecord[]): Manifest {
  const { pipelineId, status, state } = head;
  return {
    cairn: "export",
    format: EXPORT_FORMAT,
    pipelineId,
    status,
    settings: settingsOf(head),
    state: state && exportedState(state),
    checkpoints: records.map(exportedCheckpoint),
  };
}

function exportedState(state: StateRecord): ExportedState {
  const { version, savedAt, contentType, bytes, sha256, restoredFrom } = state;
  return { version, savedAt, contentType, bytes, sha256, restoredFrom };
}

function exportedCheckpoint(record: CheckpointRecord): ExportedCheckpoint {
  const { checkpointId, version, sequence, createdAt, source, label, metadata, reason } = record;
  const { contentType, bytes, sha256 } = record;
  const facts = { contentType, bytes, sha256 };
  return { checkpointId, version, sequence, createdAt, source, label, metadata, reason, ...facts };
}

/** By the first record of it that verifies, or what is wrong with the last. */
async function contentOf(
  core: Core,
  key: PipelineKey,
  holders: readonly CheckpointRecord[],
): Promise<Content | string> {
  let problem = "";
  for (const record of holders) {
    const read = await readContent(core, key, record, { thorough: true });
    if (read.ok) return read.content;
    const gone = (await core.backend.checkpoint(key, record.checkpointId)) === null;
    problem = gone ? "deleted while it was exported" : read.problem;
  }
  return problem;
}

async function* entry(sha256: string, content: Content | string): AsyncGenerator<Uint8Array, void> {
  if (typeof content === "string") yield lineOf({ sha256, bytes: 0, damaged: content } satisfies Entry);
  else if (content instanceof Uint8Array) {
    yield lineOf({ sha256, bytes: content.length } satisfies Entry);
    yield content;
  } else {
    yield lineOf({ sha256, bytes: content.bytes, inParts: true } satisfies Entry);
    yield* content.read();
  }
}
