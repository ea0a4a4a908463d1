import type { Commit, CommitOutcome } from "../backends/types.ts";
import { chainBytes, chainOf, storedBytesOf, totalBytes } from "../model/chain.ts";
import type { Frame } from "../model/frame.ts";
import { framesOf, type Head, statesOf } from "../model/head.ts";

/** What a tenant has in the store: what its records name, without what the records themselves take. */
export interface Usage {
  bytes: number;
  pipelines: number;
}

/** The most of each that a tenant may have; `Infinity`: any number. */
export type Quota = Usage;

/**
 * What a commit adds at most; null: it is one of those that are never refused. What recovery writes is among them, and
 * whatever ends, frees or only says that somebody lives.
 *
 * @param known the head it is made upon, as far as it is known
 */
export function wantedBy({ expect, effects }: Commit, known: Head | null): Usage | null {
  const creates = expect.create !== "never" && (known === null || known.deleted);
  const state = effects.state?.restoredFrom === null ? effects.state : null;
  if (!creates && !state && !effects.checkpoint) return null;
  // A checkpoint of the state stores nothing now, but makes it stay: where there is no room at all it is refused.
  const bytes = Math.max(1, storedWith(state?.frame, effects.checkpoint?.data?.frame));
  return { bytes, pipelines: creates ? 1 : 0 };
}

/** Which of both would be too much; null: neither. */
export function exceeded(quota: Quota, used: Usage, wanted: Usage): keyof Quota | null {
  if (used.bytes + wanted.bytes > quota.bytes) return "bytes";
  return wanted.pipelines > 0 && used.pipelines + wanted.pipelines > quota.pipelines ? "pipelines" : null;
}

/**
 * What a commit that landed has changed, as far as one sees who knew the head before. Checkpoints that went are not
 * known to take nothing now: they count until the next count.
 *
 * @param before the last head that was seen; null: none
 */
export function changeBy(
  { expect, effects }: Commit,
  before: Head | null,
  { head, result }: Extract<CommitOutcome, { ok: true }>,
): Usage {
  const was = before?.deleted ? null : before;
  if (effects.remove) return { bytes: was ? -totalBytes(framesOf(was)) : 0, pipelines: -1 };
  const created = before ? before.deleted : expect.create !== "never" && head.createdAt === result.at;
  const pipelines = created ? 1 : 0;
  if (!effects.state && !effects.checkpoint) return { bytes: 0, pipelines };
  if (before && before.revision >= head.revision) return { bytes: 0, pipelines: 0 };
  if (was) return { bytes: growth(was, head), pipelines };
  return { bytes: storedWith(effects.state?.frame, effects.checkpoint?.data?.frame), pipelines };
}

/** How much more the store holds. A chain that no version names any more is gone unless a checkpoint needs it. */
function growth(before: Head, after: Head): number {
  const [was, is] = [before, after].map((head) => chainBytes(framesOf(head))) as [ChainBytes, ChainBytes];
  const added = [...is].reduce((sum, [chain, bytes]) => sum + Math.max(0, bytes - (was.get(chain) ?? 0)), 0);
  const kept = new Set(
    statesOf(before).flatMap((state) => (state.checkpointed ? [chainOf(state.frame)] : [])),
  );
  if (before.lastCheckpoint) kept.add(chainOf(before.lastCheckpoint.frame));
  const freed = [...was].filter(([chain]) => !is.has(chain) && !kept.has(chain));
  return added - freed.reduce((sum, [, bytes]) => sum + bytes, 0);
}

type ChainBytes = ReturnType<typeof chainBytes>;

function storedWith(...frames: (Frame | undefined)[]): number {
  return frames.reduce((sum, frame) => sum + (frame ? storedBytesOf(frame.ref) : 0), 0);
}
