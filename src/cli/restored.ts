import type { Answer } from "./service-command.ts";
import { numberOption } from "./service-command.ts";

/** How a command may write to a pipeline that somebody holds. */
export const WRITE_OPTIONS = {
  fence: { type: "string" },
  force: { type: "boolean", default: false },
} as const;

export const WRITE_HELP = `  --fence      the fencing token of the lease, if you hold it
  --force      take the lease away from whoever holds it (scope admin)`;

/** What says so in a request. */
export function permission({ fence, force }: { fence?: string | undefined; force: boolean }) {
  const token = numberOption("fence", fence, 0);
  const headers: Record<string, string> = token === undefined ? {} : { "Cairn-Fence": String(token) };
  return { body: force ? { force } : {}, headers };
}

/** What a rollback or a recovery answers. */
export interface Restored {
  pipelineId: string;
  version: number;
  checkpointId: string;
  bytes: number;
  quarantined: { checkpointId: string; problem: string }[];
}

export function restoredAnswer(restored: Restored): Answer {
  const { pipelineId, version, checkpointId, bytes, quarantined } = restored;
  const lines = quarantined.map((each) => `Quarantined: checkpoint ${each.checkpointId} (${each.problem}).`);
  const done = `${pipelineId}: version ${version} is checkpoint ${checkpointId} again, ${bytes} bytes.`;
  return { json: restored, text: [...lines, done].join("\n") };
}
