import type { Commit } from "../../src/backends/types.ts";
import type { Head, Lease } from "../../src/model/head.ts";
import type { Violation } from "./world.ts";

/** One applied commit: what was there, what was asked, what is there. */
export interface Step {
  before: Head | null;
  commit: Commit;
  after: Head;
  /** The store's clock, epoch milliseconds. */
  now: number;
}

type Rule = (step: Step) => Violation | null;

const bad = (invariant: number, message: string): Violation => ({ invariant, message });

/** Versions and revisions are linear, and every condition of the commit held. */
const linear: Rule = ({ before, commit, after }) => {
  const { version = 0, revision = 0 } = before ?? {};
  const { expect, effects } = commit;
  if (after.revision !== revision + 1)
    return bad(2, `revision ${revision} was followed by ${after.revision}`);
  if (after.version !== version + (effects.state ? 1 : 0))
    return bad(2, `version ${version} was followed by ${after.version}`);
  if (expect.version !== undefined && expect.version !== version)
    return bad(2, `a commit for version ${expect.version} was applied to ${version}`);
  if (expect.revision !== undefined && expect.revision !== revision)
    return bad(effects.status === "interrupted" ? 8 : 2, `revision ${expect.revision} was not ${revision}`);
  const frame = before?.deleted ? undefined : before?.state?.frame.frameId;
  if (expect.base !== undefined && expect.base !== frame)
    return bad(2, "a delta was applied upon another frame");
  if (expect.state === "present" && !frame) return bad(2, "there was no state");
  if (expect.state === "absent" && frame) return bad(2, "there was a state");
  if (expect.create === "never" && !before) return bad(2, "there was no pipeline");
  return expect.create !== "anew" && before?.deleted ? bad(2, "a deleted pipeline came back to life") : null;
};

/** Whoever does not hold the lease changes nothing while it lives, and never with an older fence. */
const fenced: Rule = ({ before, commit, after, now }) => {
  const { expect, effects } = commit;
  const fence = before?.fence ?? 0;
  const raised = fenceAfter(before, commit);
  if (after.fence !== raised) return bad(3, `fence ${fence} was followed by ${after.fence}, not ${raised}`);
  if (!before || expect.force) return null;
  if (expect.fence !== undefined && expect.fence !== fence)
    return bad(3, `fence ${expect.fence} wrote while ${fence} was current`);
  if (before.deleted || !isLive(before.lease, now)) return null;
  const take = effects.lease && "take" in effects.lease ? effects.lease.take : null;
  if (take && take.owner !== before.lease?.owner)
    return bad(7, `the lease of ${before.lease?.owner} was taken while it was live`);
  return take || expect.fence === fence ? null : bad(3, "a write without the fence under a live lease");
};

function fenceAfter(before: Head | null, { expect, effects }: Commit): number {
  const fence = before?.fence ?? 0;
  if (effects.remove || (effects.lease && "take" in effects.lease)) return fence + 1;
  return expect.force && before?.lease && !before.deleted ? fence + 1 : fence;
}

/** Only a pipeline whose lease ran out, or that was silent for long enough, is interrupted; once, with one event. */
const interrupted: Rule = ({ before, commit, after, now }) => {
  const { effects } = commit;
  const gaveUp = effects.status === "failed" && effects.care !== undefined;
  if (effects.status !== "interrupted" && !gaveUp) return null;
  if (before?.status !== "running") return bad(8, `a pipeline that was ${before?.status} was interrupted`);
  if (isLive(before.lease, now)) return bad(8, "a pipeline whose lease is live was interrupted");
  if (before.lease)
    return after.fence === before.fence + 1 ? null : bad(8, "interrupted without a new fence");
  const { silenceSeconds } = before.recovery;
  const silent = silenceSeconds !== undefined && Date.parse(before.updatedAt) + silenceSeconds * 1000 <= now;
  return silent ? null : bad(8, "a pipeline that was not silent was interrupted");
};

const apart: Rule = ({ commit: { key }, after: { tenant, pipelineId } }) =>
  tenant === key.tenant && pipelineId === key.pipelineId
    ? null
    : bad(10, `${key.tenant}/${key.pipelineId} has the head of ${tenant}/${pipelineId}`);

export const RULES: readonly Rule[] = [apart, linear, fenced, interrupted];

export function isLive(lease: Lease | null, now: number): boolean {
  return lease !== null && now < Date.parse(lease.expiresAt);
}
