import { frameKey, headKey } from "../../src/backends/object/keys.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";

/**
 * Damages the stored bytes of a frame: the object that it is, or its part of the head. A part can only have a
 * bit flipped: nothing shortens or deletes the middle of an object.
 */
export async function damageStore(
  store: ObjectStore,
  key: PipelineKey,
  ref: FrameRef,
  how: "flip" | "truncate" | "delete",
): Promise<void> {
  const name = frameKey(key, ref.frameId);
  const own = await store.get(name);
  if (own) {
    if (how === "delete") return store.delete([name]);
    const bytes = how === "truncate" ? own.bytes.slice(0, -1) : flipped(own.bytes, own.bytes.length >> 1);
    return void (await store.put(name, bytes));
  }
  const head = await store.get(headKey(key));
  // Frames are the last of a head, the newest the very last.
  await store.put(headKey(key), flipped(head!.bytes, head!.bytes.length - 1));
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, bytes[at]! ^ 1);
}
