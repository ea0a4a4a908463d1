import { type Profile, recoverySecondsOf } from "../checkpointing/profile.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { secondsSince } from "../model/seconds.ts";
import type { Core } from "../state/core.ts";
import { requireHead } from "../state/read.ts";
import { uptime } from "../state/standing.ts";

/** What a crash at this moment would cost. */
export interface Recoverability {
  /**
   * Work that would be lost: since the last stored version, or since the machine took the pipeline up, whichever is
   * less. 0 where nobody works on it. It is the most it can be: nobody tells when a pipeline idles.
   */
  rpoSeconds: number;
  /** Whether the version that would be gone on from was read back, and is what its record says. */
  verified: boolean;
  /** The mean of the kind's measured recoveries; null until one was measured. */
  rtoSeconds: number | null;
}

/** @param now epoch milliseconds */
export function recoverability(head: Head, profile: Profile, now: number): Recoverability {
  const { status, state, lastCheckpoint } = head;
  const unsaved = state ? secondsSince(state.savedAt, now) : Number.POSITIVE_INFINITY;
  const sameFrame = state !== null && lastCheckpoint?.frame.frameId === state.frame.frameId;
  const rto = recoverySecondsOf(profile, Number.NaN);
  return {
    rpoSeconds: status === "running" ? Math.min(unsaved, uptime(head, now)) : 0,
    verified: state?.verified === true || (sameFrame && lastCheckpoint.verified),
    rtoSeconds: Number.isNaN(rto) ? null : rto,
  };
}

/** What a crash would cost a pipeline now. @throws CairnError `not_found` */
export async function recoverabilityOf(core: Core, key: PipelineKey): Promise<Recoverability> {
  const head = await requireHead(core, key);
  const { profile } = await core.kinds.known(key.tenant, head.kind);
  return recoverability(head, profile, Date.now());
}
