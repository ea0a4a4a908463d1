import { RESP_TYPES } from "@redis/client";
import { frameName, redisKeys } from "../../../src/backends/redis/keys.ts";
import { pack, unpack } from "../../../src/backends/redis/packing.ts";
import type { openClient } from "../../../src/cli/local/redis.ts";
import type { Medium } from "./medium.ts";

type Client = Awaited<ReturnType<typeof openClient>>;

/** Frames as they are behind the letter that says how they are packed. */
export function redisMedium(client: Client): Medium {
  const raw = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return async (key, frameId) => {
    const name = redisKeys("cairn:").of(key).frame + frameName(frameId);
    return {
      where: "key",
      async read() {
        const stored = (await raw.get(name)) as Buffer | null;
        return stored && new Uint8Array(unpack(new Uint8Array(stored)));
      },
      async write(bytes) {
        if (bytes) await raw.set(name, Buffer.from(pack(bytes, "raw")));
        else await raw.del(name);
      },
    };
  };
}
