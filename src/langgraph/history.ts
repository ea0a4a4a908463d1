import type {
  CheckpointPendingWrite,
  DeltaChannelHistory,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import type { KeptCheckpoint } from "./document.ts";
import { type KeptValue, loadValue } from "./kept-value.ts";
import { loadWrite } from "./tuple.ts";

/** How many checkpoints are read before they are asked for. */
const AHEAD = 8;

/**
 * Reads checkpoints along their parents, which as a rule are those that were put before.
 *
 * @param ids of all checkpoints, the one put last first
 */
export function readAhead(
  ids: readonly string[],
  read: (id: string) => Promise<KeptCheckpoint | null>,
): (id: string | null) => Promise<KeptCheckpoint | null> {
  const begun = new Map<string, Promise<KeptCheckpoint | null>>();
  return async (id) => {
    const at = id === null ? -1 : ids.indexOf(id);
    if (at < 0) return null;
    for (const next of ids.slice(at, at + AHEAD)) {
      if (begun.has(next)) continue;
      const reading = read(next);
      // Whoever asks for it is told.
      reading.catch(() => {});
      begun.set(next, reading);
    }
    const reading = begun.get(ids[at]!)!;
    begun.delete(ids[at]!);
    return reading;
  };
}

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
      if (open.has(write.channel)) writes.get(write.channel)!.push(await loadWrite(serde, write));
    }
    for (const [name, value] of Object.entries(at.values)) if (open.delete(name)) seeds.set(name, value);
  }
  const histories = channels.map(async (name): Promise<[string, DeltaChannelHistory]> => {
    const seed = seeds.get(name);
    const found = { writes: writes.get(name)!.reverse() };
    return [name, seed ? { ...found, seed: await loadValue(serde, seed) } : found];
  });
  return Object.fromEntries(await Promise.all(histories));
}
