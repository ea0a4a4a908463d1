import { decodeContainer, encodeContainer } from "../../../src/backends/object/container.ts";
import { frameKey, headKey, segmentKey } from "../../../src/backends/object/keys.ts";
import type { ObjectStore } from "../../../src/backends/object/store.ts";
import type { PipelineKey } from "../../../src/model/ids.ts";
import type { Medium, Slot } from "./medium.ts";

/** Frames that are objects, and those inside a head or a segment: these are written anew with their digests right. */
export function objectMedium(store: ObjectStore): Medium {
  return async (key, frameId) => {
    const own = frameKey(key, frameId);
    if (await store.get(own)) return ownObject(store, own);
    const container = await holder(store, key, frameId);
    return {
      where: container === headKey(key) ? "head" : "segment",
      async read() {
        const object = (await store.get(container))!;
        return (await decodeContainer(object.bytes, {})).frames.get(frameId)?.slice() ?? null;
      },
      async write(bytes) {
        const object = (await store.get(container))!;
        const { record, frames } = await decodeContainer(object.bytes, {});
        if (bytes) frames.set(frameId, bytes);
        else frames.delete(frameId);
        await store.put(container, (await encodeContainer(record, frames)).bytes);
      },
    };
  };
}

export function ownObject(store: ObjectStore, name: string): Slot {
  return {
    where: "object",
    read: async () => (await store.get(name))?.bytes ?? null,
    async write(bytes) {
      if (bytes) await store.put(name, bytes);
      else await store.delete([name]);
    },
  };
}

async function holder(store: ObjectStore, key: PipelineKey, frameId: string): Promise<string> {
  const { keys } = await store.list(segmentKey(key, ""), { limit: 1000 });
  for (const name of [headKey(key), ...keys]) {
    const { bytes } = (await store.get(name))!;
    if ((await decodeContainer(bytes, {})).frames.has(frameId)) return name;
  }
  throw new Error("the frame is nowhere");
}
