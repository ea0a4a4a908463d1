import { chainOf, linksOf } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import { isObject } from "./frames.ts";
import type { SegmentRef } from "./record.ts";

/** Checkpoints of a segment whose ids follow each other and that need the same objects: of a chain, one or few. */
export interface Run {
  /** What the first id begins with: its milliseconds, for ids sort as they were made. */
  from: string;
  chain: string;
  /** The frames of the chain that are objects, as their ids go on after it; without those of its runs before. */
  objects?: string[];
}

/** What to read for a checkpoint, all at once. */
export interface Sources {
  /** That of the record, and those of the small frames. */
  segments: SegmentRef[];
  objects: string[];
}

/** What a UUIDv7 says of the time, with its dash. */
const MILLISECONDS = 13;

export function runsOf(checkpoints: readonly CheckpointRecord[]): Run[] {
  const runs: Run[] = [];
  const named = new Set<string>();
  const sorted = [...checkpoints].sort((a, b) => (a.checkpointId < b.checkpointId ? -1 : 1));
  for (const { checkpointId, frame } of sorted) {
    const chain = chainOf(frame);
    const large = linksOf(frame).filter((link) => isObject(link) && !named.has(link.frameId));
    if (large.length === 0 && runs.at(-1)?.chain === chain) continue;
    for (const { frameId } of large) named.add(frameId);
    const objects = large.map(({ frameId }) => frameId.slice(chain.length));
    const from = checkpointId.slice(0, MILLISECONDS);
    runs.push({ from, chain, ...(objects.length > 0 ? { objects } : {}) });
  }
  return runs;
}

/**
 * Where a checkpoint is if it is in a segment, and where its frames are: what its id tells, which is wrong where
 * clocks differ, and nothing of segments that do not say what they have.
 */
export function sourcesOf(refs: readonly SegmentRef[], checkpointId: string): Sources {
  const all = refs.flatMap(({ runs = [] }, at) => runs.map((run) => ({ ...run, at })));
  const earlier = all.filter(({ from }) => from <= checkpointId);
  const times = earlier.map(({ from }) => from).toSorted();
  const own = earlier.findLast(({ from }) => from === times.at(-1));
  if (!own) return { segments: [], objects: [] };
  const { chain, at } = own;
  const objects = earlier
    .filter((run) => run.at === at && run.chain === chain)
    .flatMap((run) => run.objects ?? []);
  return { segments: segmentsFor(refs, chain, at), objects: objects.map((rest) => chain + rest) };
}

/** A frame leaves the head before the record that names it or with it: only that of a state may be later. */
function segmentsFor(refs: readonly SegmentRef[], chain: string, at: number): SegmentRef[] {
  const first = refs.findIndex(({ chains }) => chains.includes(chain));
  const last = Math.max(at, first);
  return refs.filter(({ chains }, i) => i === at || (i <= last && chains.includes(chain)));
}
