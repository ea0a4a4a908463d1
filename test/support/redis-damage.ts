import { redisKeys } from "../../src/backends/redis/keys.ts";
import type { openClient } from "../../src/cli/local/redis.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import type { Damage } from "../backends/damageable.ts";

type Client = Awaited<ReturnType<typeof openClient>>;

/** Damages the stored bytes of a frame behind the backend's back. */
export async function damageFrame(
  client: Client,
  key: PipelineKey,
  ref: FrameRef,
  how: Damage,
): Promise<void> {
  const name = redisKeys("cairn:").frame(key, ref.frameId);
  const length = await client.strLen(name);
  if (how === "delete") await client.del(name);
  if (how === "truncate") await client.sendCommand(["EVAL", TRUNCATE, "1", name]);
  if (how === "flip") {
    const bit = Math.ceil(length / 2) * 8 + 7;
    await client.setBit(name, bit, (await client.getBit(name, bit)) === 1 ? 0 : 1);
  }
}

const TRUNCATE = "redis.call('SET', KEYS[1], redis.call('GETRANGE', KEYS[1], 0, -2))";
