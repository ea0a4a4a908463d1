import type { StorageBackend } from "../backends/types.ts";
import type { Core } from "./core.ts";

type Frames = StorageBackend["frames"];
type Stored = Awaited<ReturnType<Frames>>[number];

/**
 * For reading several versions of one pipeline at once: makes readers that get each frame from one another before
 * they ask the store, for versions of one chain are rebuilt from the same frames.
 *
 * A reader that asks again for a frame found it bad: it gets it from the store, as it would have by itself.
 */
export function frameSharing(core: Core): () => Core {
  const shared = new Map<string, Promise<Stored>>();
  return () => {
    const seen = new Set<string>();
    const frames: Frames = (key, refs) => {
      const wanted = refs.filter(({ frameId }) => seen.has(frameId) || !shared.has(frameId));
      if (wanted.length > 0) {
        const reading = core.backend.frames(key, wanted);
        wanted.forEach(({ frameId }, i) => {
          shared.set(
            frameId,
            reading.then((found) => found[i] ?? null),
          );
        });
      }
      for (const { frameId } of refs) seen.add(frameId);
      return Promise.all(refs.map(({ frameId }) => shared.get(frameId)!));
    };
    const { loadCheckpoint: _, ...backend } = core.backend;
    return { ...core, backend: { ...backend, frames } };
  };
}
