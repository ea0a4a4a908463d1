import type { Subject } from "../../src/backends/contract.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";

export type Damage = Parameters<NonNullable<Subject["damage"]>>[2];

/**
 * A store whose medium can be damaged: what it reads back is then not what was written.
 *
 * @param damaged what is damaged, to be shared between clients of one store
 */
export function damageable(
  inner: StorageBackend,
  damaged: Map<string, Damage> = new Map(),
): Required<Pick<Subject, "backend" | "damage">> {
  const name = (key: PipelineKey, ref: FrameRef) => `${key.tenant}/${key.pipelineId}/${ref.frameId}`;
  const read = (key: PipelineKey, ref: FrameRef, bytes: Uint8Array | null) =>
    spoil(bytes, damaged.get(name(key, ref)));
  const backend: StorageBackend = {
    ...inner,
    async load(key, options) {
      const loaded = await inner.load(key, options);
      if (!loaded?.head.state) return loaded;
      return { ...loaded, frame: read(key, loaded.head.state.frame, loaded.frame) };
    },
    async frames(key, refs) {
      const found = await inner.frames(key, refs);
      return found.map((bytes, i) => read(key, refs[i]!, bytes));
    },
  };
  return { backend, damage: async (key, ref, how) => void damaged.set(name(key, ref), how) };
}

/** Empty bytes have no bit to flip: they get one byte too many. */
function spoil(bytes: Uint8Array | null, how: Damage | undefined): Uint8Array | null {
  if (bytes === null || how === undefined) return bytes;
  if (how === "delete") return null;
  if (how === "truncate") return bytes.slice(0, -1);
  if (bytes.length === 0) return new Uint8Array(1);
  const middle = bytes.length >> 1;
  return bytes.with(middle, bytes[middle]! ^ 1);
}
