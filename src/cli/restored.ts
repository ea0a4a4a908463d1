import type { RestoredPipeline } from "../client/calls/pipeline.ts";
import type { Answer } from "./service-command.ts";
import { numberOption } from "./service-command.ts";

/** How a command may write to a pipeline that somebody holds. */
export const WRITE_OPTIONS = {
  fence: { type: "string" },
  force: { type: "boolean", default: false },
} as const;

export const WRITE_HELP = `  --fence      the fencing token of the lease, if you hold it
  --force      take the lease away from whoever holds it (scope admin)`;

/** What says so in a call. */
export function permission({ fence, force }: { fence?: string | undefined; force: boolean }) {
  return { fence: numberOption("fence", fence, 0), force: force || undefined };
}

export function restoredAnswer(restored: RestoredPipeline): Answer {
  const { pipelineId, version, checkpointId, bytes, quarantined } = restored;
  const lines = quarantined.map((each) => `Quarantined: checkpoint ${each.checkpointId} (${each.problem}).`);
  const done = `${pipelineId}: version ${version} is checkpoint ${checkpointId} again, ${bytes} bytes.`;
  return { json: restored, text: [...lines, done].join("\n") };
}
