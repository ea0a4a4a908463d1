import { chainOf, type Link, linksOf } from "../model/chain.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { type Applied, applyCommit, outcomeOf } from "./apply.ts";
import { dueAt } from "./due-at.ts";
import { checkpointPage, eventPage, matches, pipelinePage } from "./pages.ts";
import { added, checkedSums } from "./sums.ts";
import type { Commit, CommitOutcome, Due, Loaded, StorageBackend, SumsKey } from "./types.ts";

interface Entry {
  head: Head;
  /** Oldest first, as are events. */
  checkpoints: CheckpointRecord[];
  events: PipelineEvent[];
  frames: Map<string, Uint8Array>;
  /** Epoch milliseconds: until then it is not listed as due again. */
  claimedUntil: number;
}

interface Staged {
  bytes: Uint8Array;
  /** Epoch milliseconds. */
  at: number;
}

/** How long a staged frame waits for its commit. */
const STAGED_MILLISECONDS = 3_600_000;
const CLAIM_MILLISECONDS = 60_000;

export interface MemoryOptions {
  /** Epoch milliseconds. @default Date.now */
  now?: () => number;
}

/** Keeps everything in this process: for tests and embedding. What it hands out is never shared with it. */
export function memoryBackend(options: MemoryOptions = {}): StorageBackend {
  const entries = new Map<string, Entry>();
  const staged = new Map<string, Map<string, Staged>>();
  const sums = new Map<string, Map<string, number>>();
  const now = options.now ?? Date.now;
  const find = (key: PipelineKey) => entries.get(entryName(key));

  function commitOne(commit: Commit): CommitOutcome {
    const entry = find(commit.key);
    const waiting = stagedOf(commit.key);
    const stored = {
      head: entry?.head ?? null,
      checkpoints: entry?.checkpoints ?? [],
      staged: new Set(waiting.keys()),
    };
    const verdict = applyCommit(stored, commit, now(), 0);
    if (verdict.kind === "applied") {
      entries.set(entryName(commit.key), write(entry, verdict, commit, waiting));
      if (commit.effects.remove) staged.delete(entryName(commit.key));
    }
    return outcomeOf(verdict);
  }

  /** Those that wait still. */
  function stagedOf(key: PipelineKey): Map<string, Staged> {
    const waiting = staged.get(entryName(key)) ?? new Map<string, Staged>();
    for (const [id, { at }] of waiting) if (at + STAGED_MILLISECONDS < now()) waiting.delete(id);
    return waiting;
  }

  return {
    name: "memory",
    capabilities: { maxFrameBytes: Number.MAX_SAFE_INTEGER, clockSlackSeconds: 0, minCommitSeconds: 0 },
    async load(key, { frames = false } = {}): Promise<Loaded | null> {
      const entry = find(key);
      if (!entry) return null;
      const { state } = entry.head;
      const links = frames && state ? linksOf(state.frame) : [];
      return { head: structuredClone(entry.head), frames: bytesOf(entry, links) };
    },
    commit: async (commits) => commits.map(commitOne),
    frames: async (key, links) => bytesOf(find(key), links),
    async stage(key, frames) {
      const waiting = stagedOf(key);
      for (const { frameId, bytes } of frames)
        waiting.set(frameId, { bytes: new Uint8Array(bytes), at: now() });
      staged.set(entryName(key), waiting);
    },
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
      const late = [...entries.values()].filter(({ head, claimedUntil }) => {
        const time = dueAt(head, 0);
        return time !== null && time <= now() && claimedUntil <= now();
      });
      const claimed = late.slice(0, limit);
      for (const entry of claimed) entry.claimedUntil = now() + CLAIM_MILLISECONDS;
      return structuredClone(claimed.map(({ head }) => ({ key: keyOf(head), head })));
    },
    async collect(key, olderThanSeconds) {
      const waiting = stagedOf(key);
      const old = [...waiting].filter(([, { at }]) => at + olderThanSeconds * 1000 <= now());
      for (const [id] of old) waiting.delete(id);
      return old.length;
    },
    ...checkedSums({
      add: async (key, increments) =>
        void sums.set(sumsName(key), added(sums.get(sumsName(key)) ?? new Map(), increments)),
      sums: async (key) => sums.get(sumsName(key)) ?? new Map(),
      clear: async (key) => void sums.delete(sumsName(key)),
    }),
    health: async () => ({ ready: true, problems: [] }),
    close: async () => {},
  };
}

function bytesOf(entry: Entry | undefined, links: readonly Link[]): (Uint8Array | null)[] {
  return links.map(({ frameId }) => entry?.frames.get(frameId)?.slice() ?? null);
}

function entryName(key: PipelineKey): string {
  return `${key.tenant}/${key.pipelineId}`;
}

function sumsName({ tenant, scope }: SumsKey): string {
  return `${tenant}/${scope}`;
}

function keyOf(head: Head): PipelineKey {
  return { tenant: head.tenant, pipelineId: head.pipelineId };
}

function write(
  entry: Entry | undefined,
  applied: Applied,
  commit: Commit,
  staged: Map<string, Staged>,
): Entry {
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
  for (const { frameId } of effects.state?.staged ?? []) {
    frames.set(frameId, staged.get(frameId)!.bytes);
    staged.delete(frameId);
  }
  const released = new Set(applied.released);
  for (const frameId of frames.keys()) if (released.has(chainOf({ frameId }))) frames.delete(frameId);
  const events = effects.remove ? [] : [...(entry?.events ?? []), ...applied.events];
  const { head, added } = structuredClone({ head: applied.head, added: applied.added });
  return { head, checkpoints: [...kept, ...added], events, frames, claimedUntil: 0 };
}
