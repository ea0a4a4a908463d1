import type { Head } from "../model/head.ts";
import type { PipelineSummary } from "../model/pipeline-view.ts";
import { pipelineSummary } from "../model/views.ts";
import type { Core } from "../state/core.ts";
import { planFor } from "./sweep/plan.ts";

/** `interrupted`: a sweep found it; `lease`: its lease ran out; `silence`: it holds none, and was quiet too long. */
export type InterruptionCause = "interrupted" | "lease" | "silence";

export interface InterruptedPipeline extends PipelineSummary {
  why: InterruptionCause;
}

/** Why somebody must look after the pipeline; null: it goes on, or has ended. @param now epoch milliseconds */
export function causeOf(head: Head, now: number, slackSeconds: number): InterruptionCause | null {
  if (head.status === "interrupted") return "interrupted";
  const { do: due } = planFor(head, now, slackSeconds, false);
  if (due !== "interrupt" && due !== "fail") return null;
  return head.lease ? "lease" : "silence";
}

/**
 * The pipelines of a tenant that somebody must look after, by id, by this process' clock. Reads through all that run
 * and changes nothing: the sweep, whose cost follows what is due, is what interrupts them.
 */
export async function detectInterrupted(
  core: Core,
  tenant: string,
  now = Date.now(),
): Promise<InterruptedPipeline[]> {
  const { clockSlackSeconds } = core.backend.capabilities;
  const found = new Map<string, InterruptedPipeline>();
  // The running first: one that is interrupted meanwhile is then found as such.
  for (const status of ["running", "interrupted"] as const) {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = { limit: 500, ...(cursor ? { cursor } : {}) };
      const { data, cursor: next } = await core.backend.pipelines(tenant, { status }, page);
      for (const head of data) {
        const why = causeOf(head, now, clockSlackSeconds);
        if (why) found.set(head.pipelineId, { ...pipelineSummary(head), why });
      }
      cursor = next;
    }
  }
  return [...found.values()].sort((a, b) => (a.pipelineId < b.pipelineId ? -1 : 1));
}
