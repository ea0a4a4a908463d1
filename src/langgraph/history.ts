import type {
  CheckpointPendingWrite,
  DeltaChannelHistory,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import type { KeptCheckpoint } from "./document.ts";
import { type KeptValue, loadValue } from "./kept-value.ts";
import { loadWrite } from "./tuple.ts";

/**
 * What channels became by the writes of a checkpoint's ancestors: of each channel the writes since the newest
 * ancestor that holds a value of it, that one's too, and that value.
 *
 * @param read the checkpoint of an id; null when there is none
 */
export async function historyOf(
  serde: SerializerProtocol,
  channels: readonly string[],
  target: KeptCheckpoint | null,
  read: (id: string | null) => Promise<KeptCheckpoint | null>,
): Promise<Record<string, DeltaChannelHistory>> {
  const open = new Set(channels);
  const writes = new Map<string, CheckpointPendingWrite[]>(channels.map((name) => [name, []]));
  const seeds = new Map<string, KeptValue>();
  let at = target && (await read(target.parent));
  for (; at && open.size > 0; at = await read(at.parent)) {
    for (const write of at.writes.toReversed()) {
      if (open.has(write.channel)) writes.get(write.channel)!.unshift(await loadWrite(serde, write));
    }
    for (const [name, value] of Object.entries(at.values)) if (open.delete(name)) seeds.set(name, value);
  }
  const histories = channels.map(async (name): Promise<[string, DeltaChannelHistory]> => {
    const seed = seeds.get(name);
    const found = { writes: writes.get(name)! };
    return [name, seed ? { ...found, seed: await loadValue(serde, seed) } : found];
  });
  return Object.fromEntries(await Promise.all(histories));
}
