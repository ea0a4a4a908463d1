import type { StorageBackend } from "../../../src/backends/types.ts";
import { type Link, linksOf } from "../../../src/model/chain.ts";
import type { PipelineKey } from "../../../src/model/ids.ts";

/** Where a store keeps one frame: its bytes are read and replaced behind the backend's back. */
export interface Slot {
  /** What of the store it is in: `object`, `head`, `segment`, `row`, `key`… */
  where: string;
  read(): Promise<Uint8Array | null>;
  /** Null: they are gone. What was gone comes back to where it was. */
  write(bytes: Uint8Array | null): Promise<void>;
}

/** Finds the place of a frame that is stored. */
export type Medium = (key: PipelineKey, frameId: string) => Promise<Slot>;

export interface Tampered {
  backend: StorageBackend;
  medium: Medium;
}

/** By place: other bytes, or none. */
export type Replaced = Map<string, Uint8Array | null>;

/** For stores whose bytes nobody can reach from outside: what is read back is replaced on its way. */
export function overlaid(inner: StorageBackend, replaced: Replaced = new Map()): Tampered {
  const name = (key: PipelineKey, frameId: string) => `${key.tenant}/${key.pipelineId}/${frameId}`;
  const read = (key: PipelineKey, links: readonly Link[], found: readonly (Uint8Array | null)[]) =>
    links.map(({ frameId }, i) => {
      const other = replaced.get(name(key, frameId));
      // What the store has let go is gone.
      return other === undefined || found[i] === null ? found[i]! : (other?.slice() ?? null);
    });
  const backend: StorageBackend = {
    ...inner,
    async load(key, options) {
      const loaded = await inner.load(key, options);
      if (!options?.frames || !loaded?.head.state) return loaded;
      return { ...loaded, frames: read(key, linksOf(loaded.head.state.frame), loaded.frames) };
    },
    frames: async (key, links) => read(key, links, await inner.frames(key, links)),
    ...(inner.loadCheckpoint && {
      async loadCheckpoint(key, checkpointId) {
        const loaded = await inner.loadCheckpoint!(key, checkpointId);
        return loaded && { ...loaded, frames: read(key, linksOf(loaded.record.frame), loaded.frames) };
      },
    }),
  };
  const medium: Medium = async (key, frameId) => ({
    where: "map",
    read: async () => (await backend.frames(key, [{ frameId, storedBytes: 0 }]))[0]!,
    write: async (bytes) => void replaced.set(name(key, frameId), bytes),
  });
  return { backend, medium };
}
