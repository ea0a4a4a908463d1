import { chainBytes, chainOf } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { FrameRef } from "../../model/frame.ts";
import { KEEP_LAST } from "../../model/maybe-prune.ts";
import type { Retention } from "../../model/pipeline.ts";

import { thinned } from "./thin.ts";

/** What a plan looks at of a checkpoint. */
export type Candidate = Pick<
  CheckpointRecord,
  "checkpointId" | "sequence" | "createdAt" | "source" | "quarantinedAt" | "frame"
>;

/** The rule that let a checkpoint go: the last that might have kept it, or the one that has no room for it. */
export type DropReason = "keepLast" | "keepForSeconds" | "thin" | "maxBytes" | "quarantined";
/** The rule that keeps it; `quarantined`: its record stays a day, `verifies`: recovery rests on it. */
export type KeepRule = "keepLast" | "keepForSeconds" | "thin" | "quarantined" | "verifies";

/** Each checkpoint is in one of both, newest first. */
export interface Plan {
  drop: { checkpointId: string; reason: DropReason }[];
  keep: { checkpointId: string; rule: KeepRule }[];
}

export interface Situation {
  /** Epoch milliseconds. */
  now: number;
  /** Ids that stay whatever the rules say: those that were read back. */
  verify?: ReadonlySet<string>;
  /** Frames that the head names: dropping checkpoints of their chains frees nothing. */
  held?: readonly FrameRef[];
}

/** How long the record of a damaged checkpoint stays, for people to see, seconds: the key may only be missing. */
const QUARANTINE_SECONDS = 86_400;

/**
 * Which checkpoints go, and why; which stay, and by which rule. A checkpoint stays when one of these keeps it:
 * it is among the `keepLast` newest (100 when left out), it is younger than `keepForSeconds`, or, with `thin`, it is
 * the oldest of its bucket of time (see `thinned`). Data that was given with a call counts like a state.
 *
 * Then, while what is kept takes more than `maxBytes`, the oldest go, a whole chain at a time, for frames go only
 * with the last checkpoint of their chain. Chains that the head names count, but do not go, nor does a chain with a
 * checkpoint that recovery rests on.
 *
 * Quarantined checkpoints take nobody's place. They go when they have been so for a day (or for `keepForSeconds`, if
 * that is more), and first of all where bytes are short.
 */
export function toDrop(
  checkpoints: readonly Candidate[],
  retention: Retention,
  { now, verify = new Set(), held = [] }: Situation,
): Plan {
  const newestFirst = checkpoints.toSorted((a, b) => b.sequence - a.sequence);
  const verdicts = judge(newestFirst, retention, now);
  for (const id of verify) if (verdicts.has(id)) verdicts.set(id, { rule: "verifies" });
  const { maxBytes } = retention;
  if (maxBytes !== undefined) makeRoom(newestFirst, verdicts, maxBytes, held);
  return planned(newestFirst, verdicts);
}

type Verdict = { rule: KeepRule } | { reason: DropReason };

function planned(newestFirst: readonly Candidate[], verdicts: ReadonlyMap<string, Verdict>): Plan {
  const plan: Plan = { drop: [], keep: [] };
  for (const { checkpointId } of newestFirst) {
    const verdict = verdicts.get(checkpointId)!;
    if ("rule" in verdict) plan.keep.push({ checkpointId, rule: verdict.rule });
    else plan.drop.push({ checkpointId, reason: verdict.reason });
  }
  return plan;
}

/** What the rules say of each by itself. */
function judge(newestFirst: readonly Candidate[], retention: Retention, now: number): Map<string, Verdict> {
  const { keepLast = KEEP_LAST, keepForSeconds = 0, thin = false } = retention;
  const whole = newestFirst.filter(({ quarantinedAt }) => quarantinedAt === null);
  const last = new Set(whole.slice(0, keepLast).map(({ checkpointId }) => checkpointId));
  const spread = thin ? survivors(whole, now) : new Set();
  const young = (at: string, seconds: number) => seconds > 0 && now - Date.parse(at) < seconds * 1000;
  const reason = thin ? "thin" : keepForSeconds > 0 ? "keepForSeconds" : "keepLast";
  const verdictOf = ({ checkpointId, createdAt, quarantinedAt }: Candidate): Verdict => {
    if (quarantinedAt !== null) {
      const known = young(quarantinedAt, Math.max(keepForSeconds, QUARANTINE_SECONDS));
      return known ? { rule: "quarantined" } : { reason: "quarantined" };
    }
    if (last.has(checkpointId)) return { rule: "keepLast" };
    if (young(createdAt, keepForSeconds)) return { rule: "keepForSeconds" };
    return spread.has(checkpointId) ? { rule: "thin" } : { reason };
  };
  return new Map(newestFirst.map((each) => [each.checkpointId, verdictOf(each)]));
}

/** Data is thinned by itself: it can stand in for no state. */
function survivors(whole: readonly Candidate[], now: number): Set<string> {
  const timed = (source: Candidate["source"]) =>
    whole
      .filter((each) => each.source === source)
      .map(({ checkpointId, createdAt }) => ({ id: checkpointId, time: Date.parse(createdAt) / 1000 }));
  return new Set([...thinned(timed("state"), now / 1000), ...thinned(timed("data"), now / 1000)]);
}

/** Drops chains until the rest fits. */
function makeRoom(
  newestFirst: readonly Candidate[],
  verdicts: Map<string, Verdict>,
  maxBytes: number,
  held: readonly FrameRef[],
): void {
  const ruleOf = ({ checkpointId }: Candidate) => {
    const verdict = verdicts.get(checkpointId)!;
    return "rule" in verdict ? verdict.rule : null;
  };
  const kept = newestFirst.filter((each) => ruleOf(each) !== null);
  const chains = Map.groupBy(kept, ({ frame }) => chainOf(frame));
  const bytes = chainBytes([...newestFirst.map(({ frame }) => frame), ...held]);
  const stays = new Set(held.map(chainOf));
  for (const each of kept) if (ruleOf(each) === "verifies") stays.add(chainOf(each.frame));
  const damaged = (chain: string) => chains.get(chain)!.every((each) => each.quarantinedAt !== null);
  const oldestFirst = [...chains.keys()].filter((chain) => !stays.has(chain)).reverse();
  const inTurn = [...oldestFirst.filter(damaged), ...oldestFirst.filter((chain) => !damaged(chain))];
  let total = [...chains.keys()].reduce((sum, chain) => sum + bytes.get(chain)!, 0);
  for (const chain of inTurn) {
    if (total <= maxBytes) return;
    total -= bytes.get(chain)!;
    for (const { checkpointId } of chains.get(chain)!) verdicts.set(checkpointId, { reason: "maxBytes" });
  }
}
