import type { Effects, NewState } from "../backends/types.ts";
import { encodeFrame } from "../frames/frame.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Core } from "./core.ts";
import { copyLarge } from "./large.ts";
import type { Damaged, RecoveryPoint } from "./recovery-point.ts";

/** A recovery point as the state of the version after `version`: history is appended to, never rewritten. */
export async function restoredState(
  core: Core,
  key: PipelineKey,
  version: number,
  writeId: string,
  point: RecoveryPoint,
): Promise<NewState> {
  const { content, contentType, record } = point;
  const restored = {
    contentType,
    restoredFrom: { checkpointId: point.checkpointId, version: point.version },
  };
  if (!(content instanceof Uint8Array)) {
    const { bytes, sha256 } = record;
    return { ...restored, bytes, sha256, verified: true, ...(await copyLarge(core, key, record, version)) };
  }
  const { contentSha256, ...frame } = await encodeFrame(key, version + 1, writeId, content, core.frames);
  return { ...restored, bytes: content.length, sha256: contentSha256, verified: true, frame };
}

/** Marks what was found damaged on the way, in the same commit. */
export function quarantine(damaged: readonly Damaged[]): Pick<Effects, "checkpoints"> {
  if (damaged.length === 0) return {};
  return { checkpoints: new Map(damaged.map(({ checkpointId }) => [checkpointId, "quarantine"])) };
}

export function quarantineEvents(damaged: readonly Damaged[]): NonNullable<Effects["events"]> {
  return damaged.map(({ checkpointId, problem }) => ({ type: "quarantined", checkpointId, detail: problem }));
}
