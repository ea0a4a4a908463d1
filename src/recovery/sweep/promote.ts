import type { Effects } from "../../backends/types.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Core } from "../../state/core.ts";
import { keptAs } from "../../state/save.ts";
import { decideToKeep } from "../../state/standing.ts";

/** No pipeline is looked at more often. */
const LEAST_SECONDS = 60;
const MOST_SECONDS = 86_400;

/**
 * Whether the state of a pipeline that only saves is to be a checkpoint, as its policy says; else when to look again.
 *
 * @param now epoch milliseconds
 */
export async function promotion(core: Core, key: PipelineKey, head: Head, now: number): Promise<Effects> {
  const { bytes, frame } = head.state!;
  const knowledge = await core.kinds.known(key.tenant, head.kind);
  const told = { stateBytes: bytes };
  const decision = await decideToKeep(core, key, head, told, frame, { knowledge, now });
  // The next save says when it is to be looked at again.
  if (decision.checkpoint) return { ...keptAs(undefined, decision), lookAt: null };
  const wait = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, decision.nextCheckSeconds));
  return { lookAt: new Date(now + wait * 1000).toISOString() };
}
