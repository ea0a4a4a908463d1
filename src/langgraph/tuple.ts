import {
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  maxChannelVersion,
  type SerializerProtocol,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import type { KeptCheckpoint, KeptWrite } from "./document.ts";
import { type KeptValue, keepValue, loadValue } from "./kept-value.ts";
import type { Place } from "./place.ts";

/**
 * @param newVersions the channels that this checkpoint changed. Others carry on a value of the checkpoint it was made
 *   from: without one there is nothing to carry on
 */
export async function keepCheckpoint(
  serde: SerializerProtocol,
  { channel_values, ...checkpoint }: Checkpoint,
  metadata: CheckpointMetadata,
  parent: string | null,
  newVersions: Record<string, unknown>,
): Promise<Omit<KeptCheckpoint, "writes">> {
  const carriesOn = parent !== null || metadata.source === "fork";
  const names = Object.keys(channel_values ?? {}).filter(
    (name) => carriesOn || Object.hasOwn(newVersions, name),
  );
  const values = await Promise.all(
    names.map(
      async (name): Promise<[string, KeptValue]> => [name, await keepValue(serde, channel_values[name])],
    ),
  );
  return {
    id: checkpoint.id,
    parent,
    checkpoint: await keepValue(serde, checkpoint),
    metadata: await keepValue(serde, metadata),
    values: Object.fromEntries(values),
  };
}

export function configOf({ thread, namespace }: Place, id: string) {
  return { configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: id } };
}

/** @param parent of a checkpoint older than format 4, whose sends were kept as writes of the one before it */
export async function loadTuple(
  serde: SerializerProtocol,
  place: Place,
  kept: KeptCheckpoint,
  readParent: () => Promise<KeptCheckpoint | null>,
  nextVersion: () => number,
): Promise<CheckpointTuple> {
  const checkpoint = (await loadValue(serde, kept.checkpoint)) as Checkpoint;
  checkpoint.channel_values = await loadValues(serde, kept.values);
  if (checkpoint.v < 4 && kept.parent !== null) {
    const sends = (await readParent())?.writes.filter(({ channel }) => channel === TASKS) ?? [];
    checkpoint.channel_values[TASKS] = await Promise.all(sends.map(({ value }) => loadValue(serde, value)));
    const versions = Object.values(checkpoint.channel_versions);
    checkpoint.channel_versions[TASKS] = versions.length > 0 ? maxChannelVersion(...versions) : nextVersion();
  }
  return {
    config: configOf(place, kept.id),
    checkpoint,
    metadata: (await loadValue(serde, kept.metadata)) as CheckpointMetadata,
    pendingWrites: await Promise.all(kept.writes.map((write) => loadWrite(serde, write))),
    ...(kept.parent === null ? {} : { parentConfig: configOf(place, kept.parent) }),
  };
}

export async function loadWrite(
  serde: SerializerProtocol,
  { task, channel, value }: KeptWrite,
): Promise<CheckpointPendingWrite> {
  return [task, channel, await loadValue(serde, value)];
}

async function loadValues(serde: SerializerProtocol, values: Record<string, KeptValue>) {
  const loaded = Object.entries(values).map(
    async ([name, kept]) => [name, await loadValue(serde, kept)] as const,
  );
  return Object.fromEntries(await Promise.all(loaded));
}
