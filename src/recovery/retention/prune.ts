import type { Commit, Effects } from "../../backends/types.ts";
import { chainBytes, chainOf } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Retention } from "../../model/pipeline.ts";
import { refusalError, replayOf, send } from "../../state/commit.ts";
import type { Caller, Core } from "../../state/core.ts";
import { requireLiving } from "../../state/read.ts";
import { quarantine, quarantineEvents } from "../../state/restore.ts";
import { persistently } from "../../state/retry.ts";
import { envelope } from "../../state/write.ts";

import { type Draft, type Dropped, draft } from "./draft.ts";
import type { DropReason } from "./plan.ts";
import type { Known } from "./read-back.ts";

export interface PruneOptions {
  /** Tell what would go, and change nothing. */
  dryRun?: boolean;
  /** Epoch milliseconds. @default now */
  now?: number;
}

export interface Pruned {
  /** Newest first. */
  dropped: { checkpointId: string; version: number; storedBytes: number; reason: DropReason }[];
  kept: number;
  /** Of the chains that nothing names any more. */
  freedBytes: number;
}

/** So many checkpoints go in one commit: a store works through its rows in bounded time. */
const A_COMMIT = 250;

/** A prune under way: what its tries have in common. */
interface Run {
  core: Core;
  key: PipelineKey;
  /** @default the pipeline's own */
  retention?: Retention;
  now: number;
  /** Who asks for it, and the last of its commits; else the service, which compares the fence that it read. */
  asked?: { caller: Caller; last: Omit<Commit, "effects"> };
  known: Known;
  done: Dropped[];
}

type Chunk = { drop: Dropped[]; first: boolean; last: boolean };

/**
 * Applies a pipeline's retention: see `toDrop`. Nothing goes before the newest checkpoint of the state and the newest
 * of an earlier chain have been read back and verify; these two stay (design invariant 9). What does not verify on
 * the way is quarantined. Where none verifies nothing goes, and nothing is written.
 *
 * @throws CairnError `not_found`, `pipeline_deleted`
 */
export async function pruneState(
  core: Core,
  key: PipelineKey,
  { dryRun = false, now = Date.now() }: PruneOptions = {},
): Promise<Pruned> {
  const run: Run = { core, key, now, known: new Set(), done: [] };
  if (!dryRun) return persistently(() => pruneOnce(run));
  const made = await draft(core, key, run);
  return answer(made, made.drop);
}

/**
 * Deletes as `pruneState` does by a retention that is given, as a write of its caller: sent again with the same
 * idempotency key, it tells how many went the first time.
 *
 * @throws CairnError what every write throws
 */
export async function pruneAs(
  core: Core,
  key: PipelineKey,
  retention: Retention,
  caller: Caller,
): Promise<{ deleted: number; replayed: boolean }> {
  const last = await envelope({ key, caller, request: ["prune", retention], expect: { create: "never" } });
  const asked = { caller, last };
  const run: Run = { core, key, retention, now: Date.now(), asked, known: new Set(), done: [] };
  return persistently(async () => {
    const replay = replayOf(await requireLiving(core, key), last);
    if (replay) return { ...(replay.result.note as { deleted: number }), replayed: true };
    return (await pruneOnce(run)) && { deleted: run.done.length, replayed: false };
  });
}

/** Null when another write came between. */
async function pruneOnce(run: Run): Promise<Pruned | null> {
  const made = await draft(run.core, run.key, run);
  let { revision } = made.head;
  for (const chunk of chunksOf(made)) {
    const commit = { ...(await expectation(run, made, chunk)), effects: effectsOf(run, made, chunk) };
    const outcome = await send(run.core, { ...commit, expect: { ...commit.expect, revision } });
    if (!outcome.ok && passes(run, outcome.refusal)) return null;
    if (!outcome.ok) throw refusalError(outcome, run.core.backend.capabilities.clockSlackSeconds);
    revision = outcome.result.revision;
    run.done.push(...chunk.drop);
  }
  return answer(made, run.done);
}

/** The oldest go first. A commit that drops nothing still says what is damaged. */
function chunksOf({ drop, damaged }: Draft): Chunk[] {
  const oldestFirst = drop.toReversed();
  const count = Math.max(Math.ceil(drop.length / A_COMMIT), damaged.length > 0 ? 1 : 0);
  return Array.from({ length: count }, (_, i) => ({
    drop: oldestFirst.slice(i * A_COMMIT, (i + 1) * A_COMMIT),
    first: i === 0,
    last: i === count - 1,
  }));
}

async function expectation({ key, asked }: Run, { head }: Draft, { last }: Chunk) {
  if (asked && last) return asked.last;
  const { idempotencyKey: _later, ...caller } = asked?.caller ?? { fence: head.fence };
  return envelope({ key, caller, request: ["prune"], expect: { create: "never" } });
}

function effectsOf({ asked, done }: Run, { damaged }: Draft, { drop, first, last }: Chunk): Effects {
  const found = first ? damaged : [];
  const gone = drop.map(({ record }) => [record.checkpointId, "drop"] as const);
  const detail = `${drop.length} ${drop.length === 1 ? "checkpoint" : "checkpoints"}`;
  const pruned = drop.length > 0 ? [{ type: "pruned" as const, detail }] : [];
  return {
    checkpoints: new Map([...(quarantine(found).checkpoints ?? []), ...gone]),
    ...(asked && last ? { note: { deleted: done.length + drop.length } } : {}),
    events: [...quarantineEvents(found), ...pruned],
  };
}

/** Whether a refusal only says that another came between. A fence that the service read is nobody's loss. */
function passes({ asked }: Run, refusal: string): boolean {
  if (refusal === "revision_mismatch" || refusal === "checkpoint_not_found") return true;
  return !asked && refusal === "fence_lost";
}

function answer({ kept, held }: Draft, dropped: readonly Dropped[]): Pruned {
  const newestFirst = dropped.toSorted((a, b) => b.record.sequence - a.record.sequence);
  return {
    dropped: newestFirst.map(({ record, reason }) => {
      const { checkpointId, version, storedBytes } = record;
      return { checkpointId, version, storedBytes, reason };
    }),
    kept: kept.length,
    freedBytes: freed(
      dropped.map(({ record }) => record),
      [...held, ...kept.map(({ frame }) => frame)],
    ),
  };
}

function freed(dropped: readonly CheckpointRecord[], left: readonly CheckpointRecord["frame"][]): number {
  const named = new Set(left.map(chainOf));
  const chains = [...chainBytes(dropped.map(({ frame }) => frame))].filter(([chain]) => !named.has(chain));
  return chains.reduce((sum, [, bytes]) => sum + bytes, 0);
}
