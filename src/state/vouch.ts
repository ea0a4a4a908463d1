import type { Effects } from "../backends/types.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { sendOwn } from "./commit.ts";
import { type Core, loadHead } from "./core.ts";

/** So often is it said again when others write at the same time. */
const TRIES = 3;

/**
 * Says in the store that the head's state was rebuilt, and is what its record says; with it the checkpoint of that
 * very frame. Whether it lands matters to nobody: who reads the state next will say so again. It is bound to a
 * revision, so that of many readers one says so: each commit takes the place of a write that may be sent again.
 *
 * @returns the head as it is now
 */
export async function vouch(core: Core, key: PipelineKey, read: Head): Promise<Head> {
  const base = read.state!.frame.frameId;
  let head: Head | null = read;
  for (let attempt = 0; attempt < TRIES && head?.state?.frame.frameId === base; attempt++) {
    const { lastCheckpoint, fence, revision } = head;
    if (head.state.verified) return head;
    const same = lastCheckpoint?.frame.frameId === base && !lastCheckpoint.verified;
    const checkpoints = same ? { checkpoints: verified(lastCheckpoint) } : {};
    const effects: Effects = { verified: true, ...checkpoints };
    const said = await sendOwn(core, key, { base, fence, revision }, effects).catch(() => null);
    if (said) return said;
    head = attempt + 1 < TRIES ? await loadHead(core, key).catch(() => null) : null;
  }
  return { ...read, state: { ...read.state!, verified: true } };
}

/** The same of a checkpoint. */
export async function vouchCheckpoint(
  core: Core,
  key: PipelineKey,
  { fence, revision }: Head,
  record: CheckpointRecord,
): Promise<void> {
  await sendOwn(core, key, { fence, revision }, { checkpoints: verified(record) }).catch(() => null);
}

function verified({ checkpointId }: CheckpointRecord): NonNullable<Effects["checkpoints"]> {
  return new Map([[checkpointId, "verify"]]);
}
