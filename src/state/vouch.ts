import type { Commit, Effects } from "../backends/types.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import type { Head } from "../model/head.ts";
import { newWriteId, type PipelineKey } from "../model/ids.ts";
import { send } from "./commit.ts";
import type { Core } from "./core.ts";

/**
 * Says in the store that the head's state was rebuilt, and is what its record says; with it the checkpoint of that
 * very frame. Whether it lands matters to nobody: who reads the state next will say so again.
 *
 * @returns the head as it is now
 */
export async function vouch(core: Core, key: PipelineKey, head: Head): Promise<Head> {
  const { state, lastCheckpoint, fence } = head;
  const base = state!.frame.frameId;
  const same = lastCheckpoint?.frame.frameId === base && !lastCheckpoint.verified;
  const checkpoints = same ? { checkpoints: verified(lastCheckpoint) } : {};
  const said = await quietly(core, key, { base, fence }, { verified: true, ...checkpoints });
  return said ?? { ...head, state: { ...state!, verified: true } };
}

/** The same of a checkpoint. */
export async function vouchCheckpoint(
  core: Core,
  key: PipelineKey,
  head: Head,
  record: CheckpointRecord,
): Promise<void> {
  await quietly(core, key, { fence: head.fence }, { checkpoints: verified(record) });
}

function verified({ checkpointId }: CheckpointRecord): NonNullable<Effects["checkpoints"]> {
  return new Map([[checkpointId, "verify"]]);
}

/** Null when it has not landed, as far as is known. */
async function quietly(
  core: Core,
  key: PipelineKey,
  expect: Omit<Commit["expect"], "create">,
  effects: Effects,
): Promise<Head | null> {
  const digest = "0".repeat(64);
  const commit = {
    key,
    writeId: newWriteId(),
    digest,
    expect: { create: "never" as const, ...expect },
    effects,
  };
  const outcome = await send(core, commit).catch(() => null);
  return outcome?.ok ? outcome.head : null;
}
