import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { FrameRef } from "../model/frame.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { type Applied, applyCommit } from "./apply.ts";
import { isLive } from "./apply-lease.ts";
import { checkpointPage, eventPage, matches, pipelinePage } from "./pages.ts";
import type { Commit, CommitOutcome, Due, Loaded, StorageBackend } from "./types.ts";

interface Entry {
  head: Head;
  /** Oldest first, as are events. */
  checkpoints: CheckpointRecord[];
  events: PipelineEvent[];
  frames: Map<string, Uint8Array>;
}

export interface MemoryOptions {
  /** Epoch milliseconds. @default Date.now */
  now?: () => number;
}

/** Keeps everything in this process: for tests and embedding. What it hands out is never shared with it. */
export function memoryBackend(options: MemoryOptions = {}): StorageBackend {
  const entries = new Map<string, Entry>();
  const now = options.now ?? Date.now;
  const find = (key: PipelineKey) => entries.get(entryName(key));

  function commitOne(commit: Commit): CommitOutcome {
    const entry = find(commit.key);
    const stored = { head: entry?.head ?? null, checkpoints: entry?.checkpoints ?? [] };
    const verdict = applyCommit(stored, commit, now(), 0);
    if (verdict.kind === "refused")
      return { ok: false, ...structuredClone({ refusal: verdict.refusal, head: verdict.head }) };
    if (verdict.kind === "applied") entries.set(entryName(commit.key), write(entry, verdict, commit));
    const { head, result } = structuredClone({ head: verdict.head, result: verdict.result });
    return { ok: true, head, result, replayed: verdict.kind === "replayed" };
  }

  return {
    name: "memory",
    capabilities: { maxFrameBytes: Number.MAX_SAFE_INTEGER, clockSlackSeconds: 0, minCommitSeconds: 0 },
    async load(key, { frame = false } = {}): Promise<Loaded | null> {
      const entry = find(key);
      if (!entry) return null;
      const id = entry.head.state?.frame.frameId;
      return {
        head: structuredClone(entry.head),
        frame: (frame && id && entry.frames.get(id)?.slice()) || null,
      };
    },
    commit: async (commits) => commits.map(commitOne),
    frames: async (key, refs: readonly FrameRef[]) =>
      refs.map((ref) => find(key)?.frames.get(ref.frameId)?.slice() ?? null),
    async checkpoint(key, checkpointId) {
      return structuredClone(
        find(key)?.checkpoints.find((record) => record.checkpointId === checkpointId) ?? null,
      );
    },
    checkpoints: async (key, page) => structuredClone(checkpointPage(find(key)?.checkpoints ?? [], page)),
    async pipelines(tenant, filter, page) {
      const heads = [...entries.values()].map((entry) => entry.head).filter((head) => head.tenant === tenant);
      return structuredClone(
        pipelinePage(
          heads.filter((head) => matches(head, filter)),
          page,
        ),
      );
    },
    events: async (key, page) => structuredClone(eventPage(find(key)?.events ?? [], page)),
    async due(limit): Promise<Due[]> {
      const heads = [...entries.values()].map((entry) => entry.head);
      const late = heads.filter(
        (head) => head.status === "running" && head.lease && !isLive(head.lease, now(), 0),
      );
      return structuredClone(late.slice(0, limit).map((head) => ({ key: keyOf(head), head })));
    },
    health: async () => ({ ready: true, problems: [] }),
    close: async () => {},
  };
}

function entryName(key: PipelineKey): string {
  return `${key.tenant}/${key.pipelineId}`;
}

function keyOf(head: Head): PipelineKey {
  return { tenant: head.tenant, pipelineId: head.pipelineId };
}

function write(entry: Entry | undefined, applied: Applied, commit: Commit): Entry {
  const { effects } = commit;
  const gone = new Set(applied.dropped.map((record) => record.checkpointId));
  const changed = new Map(applied.changed.map((record) => [record.checkpointId, record]));
  const kept = (entry?.checkpoints ?? [])
    .filter((record) => !gone.has(record.checkpointId))
    .map((record) => changed.get(record.checkpointId) ?? record);
  const frames = new Map(entry?.frames);
  for (const frame of [effects.state?.frame, effects.checkpoint?.data?.frame]) {
    // Not slice(): a Buffer's shares its memory.
    if (frame) frames.set(frame.ref.frameId, new Uint8Array(frame.bytes));
  }
  for (const ref of applied.released) frames.delete(ref.frameId);
  const events = effects.remove ? [] : [...(entry?.events ?? []), ...applied.events];
  const { head, added } = structuredClone({ head: applied.head, added: applied.added });
  return { head, checkpoints: [...kept, ...added], events, frames };
}
